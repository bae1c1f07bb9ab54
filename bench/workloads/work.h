/* Fixed work: the same number of steps takes the same CPU time on an undisturbed core, and more when disturbed. */
#ifndef WORK_H
#define WORK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <time.h>

/* Some 50 µs on a core of today: short beside a burst of 20 ms. */
#define STEPS_OF_A_UNIT 20000

static uint64_t work(uint64_t x, long units) {
  for (long unit = 0; unit < units; unit++) {
    for (int step = 0; step < STEPS_OF_A_UNIT; step++) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
    }
    /* Or the compiler might find a shorter way to the same result. */
    __asm__ volatile("" : "+r"(x));
  }
  return x;
}

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static inline void rest(double seconds) {
  struct timespec left = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
  while (nanosleep(&left, &left) != 0) continue;
}
#endif
