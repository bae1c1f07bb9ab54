import { render, Text, useApp, useInput } from 'ink'
import { createElement, useEffect, useState } from 'react'

/** Draws a text again and again on the terminal until it is final or the user quits with `q`; resolves then. */
export async function watchText(next: () => Promise<WatchedText>): Promise<void> {
  const first = await next()
  await render(createElement(Watched, { first, next })).waitUntilExit()
}

export interface WatchedText {
  readonly text: string
  /** Nothing will change any more. */
  readonly final: boolean
}

const INTERVAL_MILLISECONDS = 1000

function Watched({
  first,
  next,
}: {
  readonly first: WatchedText
  readonly next: () => Promise<WatchedText>
}) {
  const [watched, show] = useState(first)
  const { exit } = useApp()
  useInput(input => {
    if (input === 'q') exit()
  })
  useEffect(() => {
    if (watched.final) return exit()
    const timer = setTimeout(() => next().then(show, exit), INTERVAL_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [watched, next, exit])
  return createElement(Text, null, watched.final ? watched.text : `${watched.text}\nq: quit`)
}
