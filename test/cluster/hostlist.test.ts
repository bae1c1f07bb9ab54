import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandHostList, expandRepeated } from '../../src/cluster/hostlist.ts'

describe('host lists', () => {
  test.each([
    ['n1', ['n1']],
    ['n[1-3,5],gpu[01-02]-ib,x', ['n1', 'n2', 'n3', 'n5', 'gpu01-ib', 'gpu02-ib', 'x']],
    ['n[08-11]', ['n08', 'n09', 'n10', 'n11']],
    ['n[8-11]', ['n8', 'n9', 'n10', 'n11']],
    ['n[099-101,7]', ['n099', 'n100', 'n101', 'n7']],
    ['r[1-2]c[01-02]', ['r1c01', 'r1c02', 'r2c01', 'r2c02']],
    ['r[1-2]-s[3]n[1-2].site', ['r1-s3n1.site', 'r1-s3n2.site', 'r2-s3n1.site', 'r2-s3n2.site']],
    ['[1-2]', ['1', '2']],
    ['n1, n2', ['n1', 'n2']],
    ['', []],
  ])('%s', (text, hosts) => {
    expect(expandHostList(text)).toEqual(hosts)
  })

  test.each([
    'n[1-',
    'n1]',
    'n[]',
    'n[3-1]',
    'n[a-b]',
    'n[1-2',
    'n[1--2]',
    'n[1,]',
    'n[[1]]',
    'a b',
    'n[0-999999]',
  ])('%s is none', text => {
    expect(expandHostList(text)).toBeNull()
  })

  test('does not grow beyond what Slurm allows, however it is written', () => {
    expect(expandHostList('n[1-60000],m[1-6000]')).toBeNull()
    expect(expandHostList('n[1-1000][1-1000]')).toBeNull()
    expect(expandHostList(`n[${Array.from({ length: 3 }, () => '1-60000').join()}]`)).toBeNull()
    expect(expandHostList('n[1-65536]')).toHaveLength(65_536)
  })

  test('any names, one by one, come back', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,10}$/)
    fc.assert(
      fc.property(fc.array(name), names => {
        expect(expandHostList(names.join())).toEqual(names)
      }),
    )
  })
})

describe('numbers with repetitions', () => {
  test.each([
    ['72', [72]],
    ['72(x2),36', [72, 72, 36]],
    ['2(x3),1,2(x1)', [2, 2, 2, 1, 2]],
    ['0(x2)', [0, 0]],
  ])('%s', (text, numbers) => {
    expect(expandRepeated(text)).toEqual(numbers)
  })

  test.each(['', 'x', '2(x)', '2(3)', '2,', '-1', '1.5', '2(x999999999)'])('%j is none', text => {
    expect(expandRepeated(text)).toBeNull()
  })
})
