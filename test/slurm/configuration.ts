import { hostname } from 'node:os'

export interface ClusterPlace {
  readonly folder: string
  readonly controllerPort: number
  readonly nodePorts: readonly [number, number]
  /** Further lines of `slurm.conf`; they replace those of the same name. */
  readonly settings: readonly string[]
}

/**
 * Two nodes, n1 and n2, of one core each, on this machine. Job ids begin where no other cluster's do: two clusters at a time on
 * a machine must not take each other's processes for their own.
 */
export function slurmConfiguration({ folder, controllerPort, nodePorts, settings }: ClusterPlace): string {
  const overridden = new Set(settings.map(nameOf))
  const lines = `
ClusterName=odop${controllerPort}
FirstJobId=${controllerPort * 1_000}
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${controllerPort}
AuthType=auth/munge
AuthInfo=socket=${mungeSocket(folder)}
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.%n.pid
PlugStackConfig=${folder}/plugstack.conf
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
MpiDefault=none
SlurmdParameters=config_overrides
`
    .trim()
    .split('\n')
    .filter(line => !overridden.has(nameOf(line)))
  const core = 'CPUs=1 Boards=1 SocketsPerBoard=1 CoresPerSocket=1 ThreadsPerCore=1 RealMemory=8000'
  const nodes = nodePorts.map(
    (port, index) =>
      `NodeName=n${index + 1} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${port} ${core} State=UNKNOWN`,
  )
  const partition = 'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES'
  return `${[...lines, ...settings, ...nodes, partition].join('\n')}\n`
}

export function mungeSocket(folder: string): string {
  return `${folder}/munge/socket`
}

function nameOf(line: string): string {
  return line.split('=')[0] ?? line
}
