/** A colour of the page's style, by the name of its variable. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

const THEMES = ['system', 'light', 'dark'] as const

/** The switch of the page, and what the system changes. */
export function prepareTheme(changed: () => void): void {
  const button = document.getElementById('theme')
  const root = document.documentElement
  let chosen = 0
  button?.addEventListener('click', () => {
    chosen = (chosen + 1) % THEMES.length
    const theme = THEMES[chosen] ?? 'system'
    if (theme === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = theme
    button.textContent = `◐ ${theme}`
    button.setAttribute('aria-label', `Colours: ${theme === 'system' ? 'as the system' : theme}`)
    changed()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed)
}
