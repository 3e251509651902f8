// The Linux calls that Swift's Glibc module leaves out, with plain types.
#ifndef WEIR_CLINUX_SHIM_H
#define WEIR_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/un.h>

static const uint32_t WEIR_EPOLLIN = EPOLLIN;
static const uint32_t WEIR_EPOLLOUT = EPOLLOUT;
static const uint32_t WEIR_EPOLLERR = EPOLLERR;
static const uint32_t WEIR_EPOLLHUP = EPOLLHUP;
static const uint32_t WEIR_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t WEIR_EPOLLET = EPOLLET;

static inline int weir_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int weir_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static inline int weir_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static inline int weir_epoll_remove(int epoll, int fd) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

static inline int weir_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// These two are hidden without _GNU_SOURCE, which must not be set here: Swift's Glibc module is built without
// it, and types that differ between two modules are an error.
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern int memfd_create(const char *name, unsigned int flags);

// A file without a name that is closed in programs that are started; 1 is MFD_CLOEXEC.
static inline int weir_memfd(const char *name) { return memfd_create(name, 1); }

static inline int weir_accept(int fd, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(fd, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// Whether the kernel's clock is held to UTC by something such as NTP or PTP.
static inline int weir_clock_is_synchronised(void) {
    struct timex state = {0};
    int code = adjtimex(&state);
    return code >= 0 && code != TIME_ERROR && !(state.status & STA_UNSYNC);
}

#endif
