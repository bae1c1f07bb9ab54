import { describe, expect, test } from 'vitest'
import { JobTime, parseTimeLeft, timeLeftOfJob } from '../../src/cluster/time-left.ts'

const MINUTE = 60_000
const T0 = 1_795_356_000_000

test.each([
  ['5:00', 300],
  ['59', null],
  ['0:07', 7],
  ['02:03:04', 2 * 3600 + 184],
  ['1-02:03:04', 86_400 + 2 * 3600 + 184],
  ['366-00:00:00', 366 * 86_400],
  [' 3:04\n', 184],
  ['UNLIMITED', Number.POSITIVE_INFINITY],
  ['INVALID', 0],
  ['NOT_SET', null],
  ['', null],
  ['slurm_load_jobs error: Invalid job id specified', null],
])('squeue’s %j is %s seconds', (text, seconds) => {
  expect(parseTimeLeft(text)).toBe(seconds)
})

test('the line of the job, where squeue lists the whole array', () => {
  const output = '14 3:00\n12 2:00\n121 1:00\n'
  expect(timeLeftOfJob(output, '12')).toBe(120)
  expect(timeLeftOfJob(output, '13')).toBeNull()
  expect(timeLeftOfJob('', '12')).toBeNull()
})

describe('the time of a job', () => {
  function job(endsAt: number | null, answers: (string | Error)[]) {
    let now = T0
    const asked: string[] = []
    const time = new JobTime(
      {
        jobId: '12',
        endsAt,
        env: {},
        print: async command => {
          asked.push(command.join(' '))
          const answer = answers.shift() ?? new Error('nothing more')
          if (answer instanceof Error) throw answer
          return answer
        },
      },
      now,
    )
    return {
      asked,
      secondsLeft: () => time.secondsLeft(now),
      refresh: () => time.refresh(() => now),
      passing: async (milliseconds: number) => {
        now += milliseconds
        await time.refresh(() => now)
      },
    }
  }

  test('is asked for at once where the environment does not say it, and runs on from then', async () => {
    const { asked, secondsLeft, passing } = job(null, ['12 10:00\n'])
    expect(secondsLeft()).toBeNull()
    await passing(0)
    expect(asked).toEqual(['squeue --noheader --jobs=12 --format=%A %L'])
    expect(secondsLeft()).toBe(600)
    await passing(MINUTE)
    expect(secondsLeft()).toBe(540)
    expect(asked).toHaveLength(1)
    await passing(20 * MINUTE)
    expect(secondsLeft()).toBe(0)
  })

  test('that the environment says is asked for later, since the limit may have been changed', async () => {
    const { asked, secondsLeft, passing } = job(T0 + 30 * MINUTE, ['12 1:00:00\n'])
    expect(secondsLeft()).toBe(1_800)
    await passing(4 * MINUTE)
    expect(asked).toEqual([])
    await passing(2 * MINUTE)
    expect(asked).toHaveLength(1)
    expect(secondsLeft()).toBe(3_600)
  })

  test('stays what it was when there is no answer', async () => {
    const { asked, secondsLeft, passing } = job(T0 + 30 * MINUTE, [new Error('timed out'), '', '12 NOT_SET'])
    for (let count = 0; count < 3; count++) await passing(5 * MINUTE)
    expect(asked).toHaveLength(3)
    expect(secondsLeft()).toBe(900)
  })

  test('without an answer is asked for again after a minute, not at every turn', async () => {
    const { asked, passing } = job(null, [new Error('squeue: not found'), '12 UNLIMITED'])
    await passing(0)
    await passing(1_000)
    expect(asked).toHaveLength(1)
    await passing(MINUTE)
    expect(asked).toHaveLength(2)
  })

  test('without a limit is null, also after one was known', async () => {
    const { secondsLeft, passing } = job(T0 + MINUTE, ['12 UNLIMITED'])
    await passing(10 * MINUTE)
    expect(secondsLeft()).toBeNull()
  })

  test('is asked for once, however often it is wanted meanwhile', async () => {
    const { asked, refresh } = job(null, ['12 1:00'])
    await Promise.all([refresh(), refresh(), refresh()])
    expect(asked).toHaveLength(1)
  })
})
