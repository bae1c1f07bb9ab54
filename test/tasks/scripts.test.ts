import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { GOOD, load, temporaryFolder } from './task-folder.ts'

const SCRIPT = '#!/bin/sh\n#ODOP --trigger file-in:data\necho "$@"\n'

/** A task folder with these files; those that are named executable are. */
function folderWith(files: Readonly<Record<string, string | Buffer>>, executable: readonly string[] = []) {
  const cwd = temporaryFolder({ 'tasks/.keep': '' })
  const at = (name: string) => path.join(cwd, 'tasks', name)
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content)
  for (const name of executable) chmodSync(at(name), 0o755)
  return { cwd, at }
}

it('scripts and modules in one folder, in the order of their names; directives make a module a script', async () => {
  const { cwd, at } = folderWith(
    {
      'a.sh': SCRIPT,
      'b.mjs': GOOD,
      'c.mjs': `#!/usr/bin/env node\n// ODOP --cpus 2\nthrow new Error('it was loaded')\n`,
      'd.py': '#!/usr/bin/env python3\n#ODOP --wrong\n',
      e: '#!/bin/sh\n#ODOP --name last\n',
    },
    ['a.sh', 'c.mjs', 'd.py', 'e'],
  )
  const { tasks, problems, ignored } = await load(cwd)
  expect(tasks.map(({ name, kind, module }) => [name, kind, module])).toEqual([
    ['a', 'script', at('a.sh')],
    ['b', 'function', at('b.mjs')],
    ['c', 'script', at('c.mjs')],
    ['last', 'script', at('e')],
  ])
  expect(problems).toMatchObject([{ file: at('d.py'), line: 2, column: 7 }])
  expect(ignored).toEqual([])
})

it('one that is not executable is a problem with chmod as its fix, and is not loaded as a module either', async () => {
  const { cwd, at } = folderWith({
    'a.sh': SCRIPT,
    'b.mjs': `// ODOP --cpus 2\nthrow new Error('it was loaded')`,
  })
  const message = 'it has #ODOP lines, but is not executable'
  expect(await load(cwd)).toMatchObject({
    tasks: [],
    problems: [
      { file: at('a.sh'), line: 2, message, fix: `chmod +x ${at('a.sh')}` },
      { file: at('b.mjs'), line: 1, message, fix: `chmod +x ${at('b.mjs')}` },
    ],
  })
})

it('what is no task does no harm: binaries, huge files, pipes, folders, copies of editors, links that lead nowhere', async () => {
  const { cwd, at } = folderWith(
    {
      'README.md': '# ODOP is great',
      'data.bin': Buffer.alloc(100_000, 7),
      'tool.sh': '#!/bin/sh\necho no directives\n',
      'huge.py': `#!/usr/bin/env python3\n${'# remark\n'.repeat(200_000)}#ODOP --cpus 2\n`,
      'nul.sh': `#!/bin/sh\n#ODOP --cpus 2\n\0`,
      'late.sh': '#!/bin/sh\nset -e\n#ODOP --cpus 2\n',
      'empty.sh': '',
      'ok.sh~': SCRIPT,
      '.ok.sh.swp': SCRIPT,
      '#ok.sh#': SCRIPT,
      'ok.sh': SCRIPT,
    },
    ['tool.sh', 'huge.py', 'nul.sh', 'late.sh', 'ok.sh', 'ok.sh~', '.ok.sh.swp', '#ok.sh#'],
  )
  copyFileSync(process.execPath, at('elf'))
  chmodSync(at('elf'), 0o755)
  mkdirSync(at('folder.sh'))
  symlinkSync('nowhere', at('dangling'))
  symlinkSync('loop', at('loop'))
  symlinkSync('/dev/zero', at('device'))
  spawnSync('mkfifo', [at('pipe.sh')])
  const { tasks, problems, ignored } = await load(cwd)
  expect(tasks.map(({ name }) => name)).toEqual(['ok'])
  expect(problems).toMatchObject(
    [{ file: at('late.sh'), line: 3, message: /line 2 is a command/ }].map(each => ({
      ...each,
      message: expect.stringMatching(each.message),
    })),
  )
  const none = 'it is executable, but has no #ODOP lines'
  expect(ignored).toEqual([
    { file: at('dangling'), reason: 'the link leads nowhere' },
    { file: at('elf'), reason: none },
    { file: at('huge.py'), reason: none },
    { file: at('loop'), reason: expect.stringContaining('ELOOP') },
    { file: at('nul.sh'), reason: none },
    { file: at('tool.sh'), reason: none },
  ])
})

it('one that others can write is refused', async () => {
  const { cwd, at } = folderWith({ 'a.sh': SCRIPT })
  chmodSync(at('a.sh'), 0o757)
  expect(await load(cwd)).toMatchObject({
    tasks: [],
    problems: [{ message: expect.stringContaining('others can write it') }],
  })
})

it('a single script may be named, and what is none is a problem', async () => {
  const { cwd, at } = folderWith({ 'a.sh': SCRIPT, 'tool.sh': '#!/bin/sh\n' }, ['a.sh', 'tool.sh'])
  expect(await load(cwd, { folders: ['tasks/a.sh'] })).toMatchObject({ tasks: [{ name: 'a' }], problems: [] })
  expect(await load(cwd, { folders: [], files: [at('tool.sh'), at('gone')] })).toMatchObject({
    tasks: [],
    problems: [
      { message: expect.stringContaining('a script with #ODOP lines') },
      { message: 'there is no such file or folder' },
    ],
  })
})

it('the same name in a module and a script: the first stays', async () => {
  const { cwd, at } = folderWith({ 'same.mjs': GOOD, 'same.sh': SCRIPT }, ['same.sh'])
  expect(await load(cwd)).toMatchObject({
    tasks: [{ name: 'same', kind: 'function' }],
    problems: [{ file: at('same.sh'), line: 2, field: 'name' }],
  })
})
