/*
 * A task of fixed work: burn compute UNITS FOLDER, or of memory traffic: burn stream MILLISECONDS FOLDER
 *
 * Keeps the CPU time that it has used so far in a mapped file of its own in FOLDER, as a double of seconds: what it
 * had used counts also when it is killed, and reading that needs nothing of whoever started it. The file's name
 * ends with when the program began, in nanoseconds of the monotonic clock.
 */
#include "work.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Some 5 ms between two notes. */
#define UNITS_AT_ONCE 100
/* 16 MB each: with the application's arrays more than any cache of today, and filled soon. */
#define STREAM_LENGTH (2L << 20)

static volatile double *used;

static void note(void) { *used = seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

static void compute(long units) {
  volatile uint64_t sink = 0;
  for (long done = 0; done < units; done += UNITS_AT_ONCE) {
    sink += work(done + 1, units - done < UNITS_AT_ONCE ? units - done : UNITS_AT_ONCE);
    note();
  }
}

/* In CPU time, not in passes: how many it gets in a second depends on who else uses the memory. */
static void stream(long milliseconds) {
  double *a = malloc(STREAM_LENGTH * sizeof *a);
  double *b = malloc(STREAM_LENGTH * sizeof *b);
  if (a == NULL || b == NULL) abort();
  for (long i = 0; i < STREAM_LENGTH; i++) a[i] = b[i] = i;
  while (seconds_of(CLOCK_PROCESS_CPUTIME_ID) * 1000 < milliseconds) {
    for (long i = 0; i < STREAM_LENGTH; i++) a[i] = 3 * b[i] + i;
    __asm__ volatile("" : : "r"(a) : "memory");
    note();
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  long amount = atol(argv[2]);
  char file[4096];
  snprintf(file, sizeof file, "%s/%d-%.0f", argv[3], getpid(), seconds_of(CLOCK_MONOTONIC) * 1e9);
  int descriptor = open(file, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (descriptor < 0 || ftruncate(descriptor, sizeof(double)) != 0) return perror(file), 1;
  used = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (used == MAP_FAILED) return perror(file), 1;

  if (strcmp(argv[1], "stream") == 0) stream(amount);
  else compute(amount);
  return 0;
}
