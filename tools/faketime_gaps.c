/* What Debian's libfaketime 0.9.10 leaves undone for programs of glibc 2.33 and later; preloaded
 * before it.
 *
 * 1. `stat` and its kin are symbols of their own now, and libfaketime does not have them: a file
 *    that was written just now would be as old as the clock was moved. Times that the kernel gave
 *    since FAKETIME_GAPS_SINCE (seconds, by the moved clock) are moved as well. What is older
 *    stays, so that compiled Python is not compiled anew; so does what `utime` set, which was moved
 *    already.
 * 2. With FAKETIME_DONT_FAKE_MONOTONIC it moves the deadline of `clock_nanosleep` all the same, and
 *    Python's `time.sleep` fails.
 * 3. It looks at its variables in the environment at each wait of a thread, while another thread
 *    may set a variable, and the process dies. Its own are answered from a copy, made before there
 *    are threads.
 * 4. With FAKETIME_DONT_FAKE_MONOTONIC a wait on a condition until a time of the monotonic clock is
 *    over at once: each thread that waits for Python's GIL spins, and a dozen of them are forty
 *    times as slow.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char *own[32]; /* NAME=value of each variable whose name begins with FAKE */
static const char *since;

/* Called first by libfaketime's constructor, or by ours. */
static void copy_own(void)
{
    static int copied;
    size_t count = 0;
    if (copied++)
        return;
    for (char **at = environ; at && *at && count + 1 < sizeof own / sizeof *own; at++)
        if (!strncmp(*at, "FAKE", 4))
            own[count++] = strdup(*at);
}

char *getenv(const char *name)
{
    size_t length = strlen(name);
    char **at = environ;
    if (!strncmp(name, "FAKE", 4)) {
        copy_own();
        at = own;
    }
    for (; at && *at; at++)
        if (!strncmp(*at, name, length) && (*at)[length] == '=')
            return *at + length + 1;
    return NULL;
}

__attribute__((constructor)) static void begin(void)
{
    since = getenv("FAKETIME_GAPS_SINCE");
}

/* Seconds by which libfaketime has moved the clock, for a time that the kernel gave in this run;
 * else 0. */
static long moved_by(long seconds)
{
    struct timespec real, shown;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &real);
    if (!since || seconds > real.tv_sec + 1)
        return 0;
    clock_gettime(CLOCK_REALTIME, &shown);
    double apart = (shown.tv_sec - real.tv_sec) + (shown.tv_nsec - real.tv_nsec) / 1e9;
    long offset = (long)(apart + (apart < 0 ? -0.5 : 0.5));
    return seconds < atol(since) - offset ? 0 : offset;
}

#define MOVE(found) \
    do { \
        (found)->st_atim.tv_sec += moved_by((found)->st_atim.tv_sec); \
        (found)->st_mtim.tv_sec += moved_by((found)->st_mtim.tv_sec); \
        (found)->st_ctim.tv_sec += moved_by((found)->st_ctim.tv_sec); \
    } while (0)

#define WRAP(name, parameters, ...) \
    int name parameters \
    { \
        static int (*next) parameters; \
        if (!next) \
            next = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        int answer = next(__VA_ARGS__); \
        if (!answer) \
            MOVE(found); \
        return answer; \
    }

WRAP(stat, (const char *path, struct stat *found), path, found)
WRAP(lstat, (const char *path, struct stat *found), path, found)
WRAP(fstat, (int file, struct stat *found), file, found)
WRAP(fstatat, (int folder, const char *path, struct stat *found, int flags),
     folder, path, found, flags)
WRAP(stat64, (const char *path, struct stat64 *found), path, found)
WRAP(lstat64, (const char *path, struct stat64 *found), path, found)
WRAP(fstat64, (int file, struct stat64 *found), file, found)
WRAP(fstatat64, (int folder, const char *path, struct stat64 *found, int flags),
     folder, path, found, flags)

int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *found)
{
    if (syscall(SYS_statx, folder, path, flags, mask, found))
        return -1;
    found->stx_atime.tv_sec += moved_by(found->stx_atime.tv_sec);
    found->stx_mtime.tv_sec += moved_by(found->stx_mtime.tv_sec);
    found->stx_ctime.tv_sec += moved_by(found->stx_ctime.tv_sec);
    return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    static int (*next)(clockid_t, int, const struct timespec *, struct timespec *);
    if (clock == CLOCK_MONOTONIC)
        return syscall(SYS_clock_nanosleep, clock, flags, until, left) ? errno : 0;
    if (!next)
        next = (int (*)(clockid_t, int, const struct timespec *, struct timespec *))
            dlsym(RTLD_NEXT, "clock_nanosleep");
    return next(clock, flags, until, left);
}

/* No clock that is not moved has come to a thousand million seconds: those are 31 years since the
 * start of the machine. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    static int (*moved)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    static int (*as_it_is)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    if (until->tv_sec < 1000000000) {
        if (!as_it_is)
            as_it_is = (int (*)(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                                const struct timespec *))dlsym(RTLD_NEXT, "pthread_cond_clockwait");
        return as_it_is(condition, mutex, CLOCK_MONOTONIC, until);
    }
    if (!moved) { /* on older processors there are two; the other is for programs of before 2003 */
        void *next = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
        moved = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))(
            next ? next : dlsym(RTLD_NEXT, "pthread_cond_timedwait"));
    }
    return moved(condition, mutex, until);
}
