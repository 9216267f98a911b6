/* An open model in the C library alone, to hold Tollgate's latencies against: `open_model PORT SECONDS RATE CONNECTIONS THREADS`.
 *
 * Request i is meant to be sent i / RATE seconds after the start, whatever the replies do, and belongs to thread i % THREADS, which has its part of the
 * connections and sends it on a free one, or on the next that becomes free. Its time counts from the moment at which it was meant to be sent to the
 * read that ended its reply. Each time is kept as it is; quantiles are order statistics. Replies must have a content-length, and no body that looks
 * like a header. Prints `p50 … max` in milliseconds, how many there were, and the largest lag of a send that had a free connection. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char REQUEST[] = "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
static int port, threads, per_thread;
static double rate, seconds, start;
static long total;
static double *times; /* response time of each request, in seconds; negative where there was no reply */

struct thread {
    pthread_t id;
    int number;
    double lag_max;
};

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Whether a whole reply is there. */
static int whole(const char *reply, size_t size) {
    const char *end = memmem(reply, size, "\r\n\r\n", 4);
    if (!end) return 0;
    const char *length = strcasestr(reply, "content-length:");
    if (!length || length > end) fail("content-length");
    return size >= (size_t)(end + 4 - reply) + strtoul(length + 15, NULL, 10);
}

static void *drive(void *argument) {
    struct thread *me = argument;
    int *fd = calloc(per_thread, sizeof *fd), poll = epoll_create1(0);
    struct epoll_event ready[256];
    long *request = calloc(per_thread, sizeof *request); /* which one is on its way, or -1 */
    char (*reply)[4097] = calloc(per_thread, sizeof *reply);
    size_t *size = calloc(per_thread, sizeof *size);
    int *idle = calloc(per_thread, sizeof *idle), idles = 0;
    prctl(PR_SET_TIMERSLACK, 1);
    for (int at = 0; at < per_thread; at++) {
        struct epoll_event reads = {.events = EPOLLIN, .data.u32 = at};
        fd[at] = dial();
        if (epoll_ctl(poll, EPOLL_CTL_ADD, fd[at], &reads)) fail("epoll_ctl");
        request[at] = -1;
        idle[idles++] = at;
    }
    while (now() < start) usleep(1000);
    long next = me->number, open = 0;
    double end = start + seconds + 10; /* for the last replies */
    while ((next < total || open > 0) && now() < end) {
        /* What is due is sent as long as there is a connection. */
        for (double at = now(); next < total && idles > 0 && start + next / rate <= at; next += threads, at = now()) {
            int one = idle[--idles];
            double lag = at - (start + next / rate);
            if (open < per_thread - 1 && lag > me->lag_max) me->lag_max = lag;
            if (write(fd[one], REQUEST, sizeof REQUEST - 1) != sizeof REQUEST - 1) fail("write");
            request[one] = next;
            size[one] = 0;
            open++;
        }
        double wait = next < total && idles > 0 ? start + next / rate - now() : 0.1;
        if (wait < 0) wait = 0;
        struct timespec timeout = {.tv_sec = 0, .tv_nsec = (long)(wait * 1e9)};
        if (wait >= 1) timeout = (struct timespec){.tv_sec = 1};
        int events = epoll_pwait2(poll, ready, 256, &timeout, NULL);
        if (events < 0 && errno != EINTR) fail("epoll_pwait2");
        for (int event = 0; event < events; event++) {
            int at = ready[event].data.u32;
            ssize_t got = read(fd[at], reply[at] + size[at], 4096 - size[at]);
            if (got <= 0) fail("the server closed a connection");
            size[at] += got;
            reply[at][size[at]] = 0;
            if (request[at] < 0 || !whole(reply[at], size[at])) continue;
            times[request[at]] = now() - (start + request[at] / rate);
            request[at] = -1;
            idle[idles++] = at;
            open--;
        }
    }
    return NULL;
}

static int by_size(const void *a, const void *b) {
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

int main(int count, char **word) {
    if (count != 6) return fprintf(stderr, "open_model PORT SECONDS RATE CONNECTIONS THREADS\n"), 2;
    port = atoi(word[1]), seconds = atof(word[2]), rate = atof(word[3]), threads = atoi(word[5]);
    per_thread = atoi(word[4]) / threads;
    total = (long)(seconds * rate);
    times = malloc(total * sizeof *times);
    for (long at = 0; at < total; at++) times[at] = -1;
    struct thread *all = calloc(threads, sizeof *all);
    start = now() + 1;
    for (int at = 0; at < threads; at++) {
        all[at].number = at;
        if (pthread_create(&all[at].id, NULL, drive, &all[at])) fail("thread");
    }
    double lag_max = 0;
    for (int at = 0; at < threads; at++) {
        pthread_join(all[at].id, NULL);
        if (all[at].lag_max > lag_max) lag_max = all[at].lag_max;
    }
    qsort(times, total, sizeof *times, by_size);
    long lost = 0;
    while (lost < total && times[lost] < 0) lost++;
    long have = total - lost;
    if (have == 0) return fprintf(stderr, "no replies\n"), 1;
    static const double share[] = {0.5, 0.9, 0.97, 0.99, 0.999, 1};
    for (int at = 0; at < 6; at++) printf("%.3f ", times[lost + (long)(share[at] * (have - 1) + 0.5)] * 1e3);
    printf("%ld %.3f\n", have, lag_max * 1e3);
    return 0;
}
