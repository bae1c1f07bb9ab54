import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { doctorNotes } from '../../src/cli/doctor-notes.ts'
import { fakeNvidiaSmi, fakeTool, UUIDS } from '../node/observe/gpus/fake-tools.ts'
import { createRig, type Rig } from '../rig/rig.ts'

/** A job of Slurm, in its step, in control groups of version 2. */
function kernel(files: Readonly<Record<string, string>>) {
  const all: Readonly<Record<string, string>> = {
    '/proc/self/cgroup': '0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n',
    '/proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    ...files,
  }
  return (file: string) => all[file] ?? null
}

const JOB = '/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7'

describe('memory.oom.group', () => {
  test.each([
    ['of the step', { [`${JOB}/step_0/memory.oom.group`]: '1\n' }, `${JOB}/step_0`],
    [
      'of the job: the outermost counts',
      { [`${JOB}/memory.oom.group`]: '1\n', [`${JOB}/step_0/user/memory.oom.group`]: '1\n' },
      JOB,
    ],
  ])('that is 1 %s is said, with what to do', (_, files, folder) => {
    const [note, ...others] = doctorNotes(kernel(files))
    expect(others).toEqual([])
    expect(note).toContain(`memory.oom.group is 1 in ${folder}: when memory ends there`)
    expect(note).toMatch(/the application too.*`memory` limit.*--memory-reserve 20%.*--oom-kill-step=0/)
  })

  test.each<[string, Record<string, string>]>([
    ['0', { [`${JOB}/step_0/memory.oom.group`]: '0\n', [`${JOB}/memory.oom.group`]: '0\n' }],
    ['not there', {}],
    ['of another group', { '/sys/fs/cgroup/system.slice/slurmstepd.scope/job_8/memory.oom.group': '1\n' }],
    ['not of version 2', { '/proc/self/cgroup': '4:memory:/slurm/job_7\n' }],
  ])('that is %s is not worth a word', (_, files) => {
    expect(doctorNotes(kernel(files))).toEqual([])
  })
})

describe('GPUs', () => {
  async function doctor(rig: Rig, environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const PATH = `${rig.folder}/bin:${path.dirname(process.execPath)}:/usr/bin:/bin`
    const { stdout, code } = await rig.odop(['doctor'], { environment: { PATH, ...environment } })
    expect(code).toBe(0)
    return /^GPUs of the job +(.*)$/m.exec(stdout.toString())?.[1] ?? ''
  }

  test('are listed: all, those that the job has, or none', async () => {
    await using rig = createRig()
    expect(await doctor(rig)).toBe('none: there is neither nvidia-smi nor rocm-smi in the PATH')
    const tool = fakeNvidiaSmi(path.join(rig.folder, 'bin'))
    tool.gpus(`0, ${UUIDS[0]}, 37, 1024, 81920\n1, ${UUIDS[1]}, [N/A], 3, [N/A]\n`)
    expect(await doctor(rig)).toBe('2 (nvidia): 0 (80G, in use 37%), 1')
    expect(await doctor(rig, { CUDA_VISIBLE_DEVICES: '0' })).toBe(
      '1 of the 2 here (nvidia): 0 (80G, in use 37%)',
    )
    expect(await doctor(rig, { CUDA_VISIBLE_DEVICES: '' })).toBe('none of the 2 here')
  })

  test('are not known where their tool fails', async () => {
    await using rig = createRig()
    fakeTool(path.join(rig.folder, 'bin'), 'nvidia-smi', 'echo "Failed to initialize NVML" >&2; exit 9')
    expect(await doctor(rig)).toMatch(/^not known: nvidia-smi: .*Failed to initialize NVML/)
  })
})
