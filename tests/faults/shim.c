/* Makes chosen system calls fail, for programs that run with LD_PRELOAD=shim.so.

   FAULT_PATH    only files whose path contains this text
   FAULT_CALLS   names of calls, separated by commas: write open fsync rename mkdir
   FAULT_ERRNO   the error; 0 makes a write short instead, by half
   FAULT_FIRST   the first matching call that fails, from 1
   FAULT_COUNT   how many fail; 0 for all from the first on
   FAULT_SWITCH  when set: calls fail only while this file exists (FAULT_FIRST is not looked at)
   FAULT_TALLY   when set: at exit, the number of matching calls is written to this file */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static int is_chosen(const char *call, const char *path) {
    const char *wanted = getenv("FAULT_PATH"), *names = getenv("FAULT_CALLS");
    if (!wanted || !names || !path || !strstr(path, wanted) || !strstr(names, call)) return 0;
    const char *gate = getenv("FAULT_SWITCH");
    if (gate) return syscall(SYS_access, gate, F_OK) == 0;
    long now = atomic_fetch_add(&calls, 1) + 1, first = number("FAULT_FIRST");
    long count = number("FAULT_COUNT");
    return first > 0 && now >= first && (count == 0 || now < first + count);
}

static int fails(const char *call, const char *path) {
    int kept = errno;
    int chosen = is_chosen(call, path);
    errno = chosen ? (int)number("FAULT_ERRNO") : kept;
    return chosen;
}

static int fails_at(const char *call, int fd) {
    char link[64], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (size < 0) return 0;
    path[size] = 0;
    return fails(call, path);
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_TALLY");
    if (!path) return;
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file, "%ld", (long)calls);
    fclose(file);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (fails_at("write", fd)) {
        if (errno) return -1;
        if (size > 1) size /= 2;
    }
    return syscall(SYS_write, fd, data, size);
}

int fsync(int fd) { return fails_at("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd); }

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && fails("open", path)) return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = va_arg(rest, mode_t);                                                        \
        va_end(rest);                                                                              \
        return open_at(AT_FDCWD, path, flags, mode);                                               \
    }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
    return fails("rename", to) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode) {
    return fails("mkdir", path) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
