/* Makes every fsync take longer, as a disk does that really writes: COORD_BENCH_FSYNC_US says by how
   much. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int later(const char *name, int file)
{
    const char *wanted = getenv("COORD_BENCH_FSYNC_US");
    long us = wanted ? atol(wanted) : 0;
    struct timespec rest = {us / 1000000, us % 1000000 * 1000};
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

    nanosleep(&rest, NULL);
    return next(file);
}

int fsync(int file) { return later("fsync", file); }
int fdatasync(int file) { return later("fdatasync", file); }
