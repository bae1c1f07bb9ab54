/*
 * MPI ranks of uneven fixed work that wait for each other after each round, and poll while they wait: mpi SECONDS RATE
 * RATE as for application.c. Rank 0 prints its wall time and the CPU time of all ranks as one line of JSON.
 */
#include "work.h"
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUND_SECONDS 0.05

int main(int argc, char **argv) {
  double start = seconds_of(CLOCK_MONOTONIC);
  double seconds = argc > 1 ? atof(argv[1]) : 0;
  double rate = argc > 2 ? atof(argv[2]) : 0;
  int rank;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);

  long rounds = (long)(seconds / ROUND_SECONDS + 0.5);
  long units = (long)((rank == 0 ? ROUND_SECONDS : ROUND_SECONDS / 10) * rate + 0.5);
  volatile uint64_t sink = 0;
  for (long round = 0; round < rounds; round++) {
    sink += work(round + 1, units);
    MPI_Barrier(MPI_COMM_WORLD);
  }

  double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID), total = 0;
  MPI_Reduce(&cpu, &total, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  double wall = seconds_of(CLOCK_MONOTONIC) - start;
  if (rank == 0) printf("{\"startedSeconds\":%.6f,\"wallSeconds\":%.6f,\"cpuSeconds\":%.6f}\n", start, wall, total);
  MPI_Finalize();
  return 0;
}
