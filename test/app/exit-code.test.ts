import { describe, expect, test } from 'vitest'
import { exitCodeOf, spawnError } from '../../src/app/exit-code.ts'

describe('exitCodeOf', () => {
  test.each([
    [0, 0],
    [42, 42],
    [255, 255],
  ])('code %i is %i', (code, expected) => {
    expect(exitCodeOf({ code, signal: null, spawnError: null })).toBe(expected)
  })

  test.each([
    ['SIGHUP', 129],
    ['SIGKILL', 137],
    ['SIGSEGV', 139],
    ['SIGTERM', 143],
  ] as const)('%s is %i', (signal, expected) => {
    expect(exitCodeOf({ code: null, signal, spawnError: null })).toBe(expected)
  })

  test.each([
    ['ENOENT', 127],
    ['EACCES', 126],
    ['ELOOP', 126],
    ['E2BIG', 126],
  ])('%s is %i', (code, expected) => {
    expect(exitCodeOf({ code: null, signal: null, spawnError: { code, message: '' } })).toBe(expected)
  })
})

test.each([
  ['app', 'ENOENT', null, 'app: command not found'],
  ['./app', 'ENOENT', 'nothing', './app: No such file or directory'],
  ['./app', 'ENOENT', 'file', './app: cannot execute: required file not found'],
  ['./app', 'EACCES', 'folder', './app: Is a directory'],
  ['./app', 'EACCES', 'file', './app: Permission denied'],
  ['./app', 'ESTALE', 'file', './app: cannot execute: ESTALE'],
] as const)('%s with %s (%s there): %s', (command, code, found, message) => {
  expect(spawnError(command, code, found)).toEqual({ code, message })
})
