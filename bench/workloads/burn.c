/*
 * A task of fixed work: burn UNITS FOLDER
 *
 * Keeps the CPU time that it has used so far in a mapped file of its own in FOLDER, as a double of seconds: what it
 * had used counts also when it is killed, and reading that needs nothing of whoever started it.
 */
#include "work.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Some 5 ms between two notes. */
#define UNITS_AT_ONCE 100

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  long units = atol(argv[1]);
  char file[4096];
  snprintf(file, sizeof file, "%s/%d-%.0f", argv[2], getpid(), seconds_of(CLOCK_MONOTONIC) * 1e9);
  int descriptor = open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (descriptor < 0 || ftruncate(descriptor, sizeof(double)) != 0) return perror(file), 1;
  volatile double *used = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (used == MAP_FAILED) return perror(file), 1;

  volatile uint64_t sink = 0;
  for (long done = 0; done < units; done += UNITS_AT_ONCE) {
    sink += work(done + 1, units - done < UNITS_AT_ONCE ? units - done : UNITS_AT_ONCE);
    *used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  }
  return 0;
}
