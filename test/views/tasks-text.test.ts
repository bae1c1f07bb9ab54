import { describe, expect, it } from 'vitest'
import type { TaskDefinition } from '../../src/core/model.ts'
import { tasksText, triggerText } from '../../src/views/tasks-text.ts'
import { taskDefinition } from './samples.ts'

describe('triggerText', () => {
  const fileIn = {
    kind: 'file-in',
    folder: 'data',
    filter: null,
    recursive: false,
    batchSize: 1,
    flush: 'end',
    settleSeconds: 2,
  } as const

  it.each([
    [fileIn, 'a file in data'],
    [
      { ...fileIn, batchSize: 4, recursive: true, filter: { kind: 'glob', pattern: '*.bin' } as const },
      '4 files in data and below, *.bin',
    ],
    [
      {
        kind: 'file-updated',
        path: 'state.h5',
        filter: { kind: 'regexp', source: '^s', flags: 'i' },
        recursive: false,
        settleSeconds: 2,
      } as const,
      'state.h5 updated, /^s/i',
    ],
    [{ ...fileIn, folder: '/scratch', on: 'each-node' } as const, 'a file in /scratch, on each node'],
    [{ kind: 'timer', everySeconds: 90 } as const, 'every 1m30s'],
    [{ kind: 'background' } as const, 'in the background'],
  ])('%j', (trigger, text) => expect(triggerText(trigger)).toBe(text))
})

describe('tasksText', () => {
  const tasks: readonly TaskDefinition[] = [
    taskDefinition('reduce', { cpus: 2, memoryBytes: 500 * 1024 ** 2, timeSeconds: 120 }),
    taskDefinition('upload', { cpus: 'all', trigger: { kind: 'timer', everySeconds: 600 } }),
  ]

  it('has a column for GPUs when one of them asks for some', () => {
    const some = [...tasks, taskDefinition('detect', { gpus: 1 })]
    expect(tasksText(some, '/work/sim', { width: 80, colour: false })).toMatch(
      /Cpus {2}GPUs[^\n]*\nreduce {5}2 {5}-.*\ndetect {5}1 {5}1/s,
    )
  })

  it('lists what a user asks for', () => {
    expect(tasksText(tasks, '/work/sim', { width: 80, colour: false })).toBe(
      'Task    Cpus  Memory  Time  Trigger         Module\n' +
        'reduce     2    500M    2m  a file in data  tasks/reduce.ts\n' +
        'upload   all       -     -  every 10m       tasks/upload.ts\n',
    )
  })

  it('is empty without tasks', () => expect(tasksText([], '/', { width: 80, colour: false })).toBe(''))
})
