import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { isOnNetwork, MountTable, Volumes } from '../../../src/triggers/folder/network-file-system.ts'

test('the innermost mount decides', () => {
  const mounts = new MountTable(
    [
      '/dev/vda / ext4 rw 0 0',
      'server:/home /home nfs4 rw 0 0',
      'tmpfs /home/me/scratch tmpfs rw 0 0',
      'lfs /scratch\\040big lustre rw 0 0',
      'sshfs /mnt/far fuse.sshfs rw 0 0',
      'first /twice nfs rw 0 0',
      '/dev/vdb /twice xfs rw 0 0',
      '',
    ].join('\n'),
  )
  const network = ['/home/me/x', '/scratch big/x', '/mnt/far/x']
  const local = ['/x', '/homer/x', '/home/me/scratch/x', '/twice/x', '/mnt/x', 'pipe:[1]']
  expect(network.map(path => mounts.isNetwork(path))).toEqual(network.map(() => true))
  expect(local.map(path => mounts.isNetwork(path))).toEqual(local.map(() => false))
})

test('a device is asked once', async () => {
  const asked: string[] = []
  const volumes = new Volumes(async path => asked.push(path) > 1)
  expect(await volumes.isNetwork(1n, '/a')).toBe(false)
  expect(await volumes.isNetwork(1n, '/b')).toBe(false)
  expect(await volumes.isNetwork(2n, '/c')).toBe(true)
  expect(asked).toEqual(['/a', '/c'])
})

test('what can not be asked is treated with care', async () => {
  expect(await isOnNetwork('/nowhere/at/all')).toBe(true)
  expect(typeof (await isOnNetwork(tmpdir()))).toBe('boolean')
})
