#define _GNU_SOURCE
#include "cjournal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>

int cjournal_open(const char *path, int flags, unsigned mode) {
    return open(path, flags, mode);
}

int cjournal_punch_hole(int fd, int64_t offset, int64_t count) {
#ifdef FALLOC_FL_PUNCH_HOLE
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count);
#else
    (void)fd, (void)offset, (void)count;
    errno = EOPNOTSUPP;
    return -1;
#endif
}

int cjournal_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void cjournal_name_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}
