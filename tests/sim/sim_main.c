// SPDX-License-Identifier: MIT
// sim --seeds FROM..TO [--scenario chaos|rollback|relays|nats] [--jobs N]     runs seeds; each failure is one line that replays it
// sim --seed N [--trace [FROM..TO]]                       runs one, prints its trace (of those seconds) and its hash
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/chaos.h"
#include "sim/describe.h"

#define JOBS_MAX 64
#define SEED_LIMIT_S 120 // of processor time, however busy the machine is, for one seed: more is a loop without end

static const char *const kinds[] = {"chaos", "rollback", "relays", "nats"}; // in the order of enum chaos_kind

struct options {
    uint64_t from, to;
    enum chaos_kind kind;
    bool trace;
    uint64_t trace_from_us, trace_to_us;
    unsigned jobs;
};

struct outcome { // written by a job in one piece
    unsigned job;
    bool done, failed;
    uint64_t seed;
    char hash[2 * TRACE_HASH_LEN + 1], why[512];
};

struct job {
    pid_t pid;
    uint64_t seed; // now running
    bool running;
};

static void run_seed(uint64_t seed, const struct options *o, struct outcome *out) {
    struct world *w = world_new(seed, o->trace ? stdout : NULL);
    w->trace.from_us = o->trace_from_us;
    w->trace.to_us = o->trace_to_us;
    struct chaos_report r = chaos_run(w, o->kind);
    trace_hash(&w->trace, out->hash);
    out->seed = seed;
    out->done = true;
    out->failed = world_failed(w);
    snprintf(out->why, sizeof out->why, "%s", w->why);
    if (o->from == o->to) {
        printf("seed %" PRIu64 ": %u texts given, %u accepted, %u refused; %u accidents; healed at %" PRIu64
               " s, settled at %" PRIu64 " s; %" PRIu64 " packets, %" PRIu64 " bytes\n",
               seed, r.given, r.accepted, r.refused, r.accidents, r.healed_us / PLK_SECOND, r.settled_us / PLK_SECOND,
               w->net->sent, w->net->bytes);
    }
    if (o->trace && w->failed) describe_world(w, stdout);
    world_free(w);
}

static int run_one(const struct options *o) {
    struct outcome out = {0};
    run_seed(o->from, o, &out);
    printf("trace hash %s\n", out.hash);
    if (out.failed) printf("seed %" PRIu64 " failed %s\n", out.seed, out.why);
    printf("%d passed, %d failed\n", !out.failed, out.failed);
    return out.failed;
}

// ---- many seeds, in processes of their own: a trap ends one seed only ----------------------------------------------------------

static void write_outcome(int fd, const struct outcome *out) {
    if (write(fd, out, sizeof *out) != (ssize_t)sizeof *out) _exit(3);
}

static void work(unsigned job, uint64_t from, const struct options *o, int fd) {
    const struct itimerval limit = {.it_value = {.tv_sec = SEED_LIMIT_S}};
    for (uint64_t seed = from; seed <= o->to; seed += o->jobs) {
        struct outcome out = {.job = job, .seed = seed};
        write_outcome(fd, &out);
        setitimer(ITIMER_PROF, &limit, NULL);
        run_seed(seed, o, &out);
        write_outcome(fd, &out);
    }
    _exit(0);
}

static void start_job(struct job *jobs, unsigned job, uint64_t from, const struct options *o, const int pipe_fds[2]) {
    jobs[job].running = from <= o->to;
    if (!jobs[job].running) return;
    fflush(stdout);
    jobs[job].pid = fork();
    if (jobs[job].pid < 0) {
        perror("sim: fork");
        exit(2);
    }
    if (jobs[job].pid == 0) {
        close(pipe_fds[0]);
        work(job, from, o, pipe_fds[1]);
    }
}

struct tally {
    uint64_t passed, failed;
    uint8_t sum[TRACE_HASH_LEN]; // exclusive or of the seeds' hashes: the same whatever order they end in
};

static void say_failed(struct tally *t, const struct options *o, uint64_t seed, const char *why) {
    t->failed++;
    bool plain = o->kind == CHAOS_PLAIN;
    printf("FAILED sim --seed %" PRIu64 "%s%s --trace    %s\n", seed, plain ? "" : " --scenario ",
           plain ? "" : kinds[o->kind], why);
    fflush(stdout);
}

static void count(struct tally *t, const struct options *o, const struct outcome *out) {
    for (size_t i = 0; i < TRACE_HASH_LEN; i++) {
        unsigned byte = 0;
        sscanf(out->hash + 2 * i, "%2x", &byte);
        t->sum[i] ^= (uint8_t)byte;
    }
    if (out->failed)
        say_failed(t, o, out->seed, out->why);
    else
        t->passed++;
    uint64_t done = t->passed + t->failed;
    if (done % 100 != 0) return;
    printf("%" PRIu64 " seeds\n", done);
    fflush(stdout);
}

static void read_outcomes(struct job *jobs, struct tally *t, const struct options *o, int fd, int wait_ms) {
    struct outcome out;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (poll(&poll_fd, 1, wait_ms) > 0 && read(fd, &out, sizeof out) == (ssize_t)sizeof out) {
        jobs[out.job].seed = out.seed;
        if (out.done) {
            count(t, o, &out);
            jobs[out.job].seed = UINT64_MAX;
        }
        wait_ms = 0;
    }
}

// A job that died takes its seed with it; the next one goes on behind it.
static void reap(struct job *jobs, struct tally *t, const struct options *o, const int pipe_fds[2]) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        read_outcomes(jobs, t, o, pipe_fds[0], 0);
        unsigned i = 0;
        while (i < o->jobs && jobs[i].pid != pid) i++;
        if (i == o->jobs) continue;
        jobs[i].running = false;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        char why[64];
        int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        if (sig == SIGPROF)
            snprintf(why, sizeof why, "no end within %d s", SEED_LIMIT_S);
        else
            snprintf(why, sizeof why, "crashed: %s %d", sig ? "signal" : "status", sig ? sig : WEXITSTATUS(status));
        say_failed(t, o, jobs[i].seed, why);
        start_job(jobs, i, jobs[i].seed + o->jobs, o, pipe_fds);
    }
}

static bool any(const struct job *jobs, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].running) return true;
    }
    return false;
}

static int run_many(const struct options *o) {
    struct job jobs[JOBS_MAX] = {0};
    struct tally t = {0};
    int fds[2];
    if (pipe(fds)) {
        perror("sim: pipe");
        return 2;
    }
    for (unsigned i = 0; i < o->jobs; i++) start_job(jobs, i, o->from + i, o, fds);
    while (any(jobs, o->jobs)) {
        read_outcomes(jobs, &t, o, fds[0], 200);
        reap(jobs, &t, o, fds);
    }
    read_outcomes(jobs, &t, o, fds[0], 0);
    printf("trace hash ");
    for (size_t i = 0; i < TRACE_HASH_LEN; i++) printf("%02x", t.sum[i]);
    printf("\n%" PRIu64 " passed, %" PRIu64 " failed\n", t.passed, t.failed);
    return t.failed != 0;
}

// ---- arguments ------------------------------------------------------------------------------------------------------------------

static bool read_span(const char *text, uint64_t *from, uint64_t *to) {
    int end = 0;
    return sscanf(text, "%" SCNu64 "..%" SCNu64 "%n", from, to, &end) == 2 && text[end] == 0 && *from <= *to;
}

static bool read_number(const char *text, uint64_t *number) {
    int end = 0;
    return sscanf(text, "%" SCNu64 "%n", number, &end) == 1 && text[end] == 0;
}

static bool read_option(int argc, char **argv, int *i, struct options *o) {
    uint64_t number = 0;
    const char *value = *i + 1 < argc ? argv[*i + 1] : "";
    if (strcmp(argv[*i], "--trace") == 0) {
        o->trace = true;
        if (!read_span(value, &o->trace_from_us, &o->trace_to_us)) return true;
        o->trace_from_us *= PLK_SECOND;
        o->trace_to_us *= PLK_SECOND;
        ++*i;
        return true;
    }
    ++*i;
    if (strcmp(argv[*i - 1], "--seeds") == 0) return read_span(value, &o->from, &o->to);
    if (strcmp(argv[*i - 1], "--scenario") == 0) {
        for (int kind = CHAOS_PLAIN; kind <= CHAOS_NATS; kind++) {
            if (strcmp(value, kinds[kind]) == 0) o->kind = (enum chaos_kind)kind;
        }
        return strcmp(value, kinds[o->kind]) == 0;
    }
    if (!read_number(value, &number)) return false;
    if (strcmp(argv[*i - 1], "--seed") == 0) {
        o->from = o->to = number;
        return true;
    }
    o->jobs = (unsigned)number;
    return strcmp(argv[*i - 1], "--jobs") == 0 && number >= 1 && number <= JOBS_MAX;
}

int main(int argc, char **argv) {
    struct options o = {.from = 1, .to = 100, .jobs = 1, .trace_to_us = UINT64_MAX};
    if (sodium_init() < 0) return 1; // chooses the fast implementations, as a host does at its start
    for (int i = 1; i < argc; i++) {
        if (read_option(argc, argv, &i, &o)) continue;
        fprintf(stderr, "usage: sim [--seeds FROM..TO] [--scenario chaos|rollback|relays|nats] [--jobs N]\n"
                        "       sim --seed N [--trace [FROM_S..TO_S]]\n");
        return 2;
    }
    return o.from == o.to ? run_one(&o) : run_many(&o);
}
