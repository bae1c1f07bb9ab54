/* A task that takes memory without end, as fast as the machine gives it. */
#include <stdlib.h>
#include <string.h>

#define STEP (4L << 20)

int main(void) {
  for (;;) {
    char *more = malloc(STEP);
    if (more == NULL) return 1;
    memset(more, 1, STEP);
  }
}
