// SPDX-License-Identifier: MIT
// What honest clients of a real relay feel while others misuse it: eight pairs put, fetch, pass and subscribe all the time, for some
// seconds in peace and then for as many under each attack. usage: bench_relay_flood PID RELAY-LINE SECONDS SUBSCRIPTIONS [ATTACK]
#include <signal.h>
#include <sodium/core.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench/relay_attack.h"

#define PAIRS 8
#define EVERY_US (20 * PLK_MS) // a pair does everything once, then rests for so long
#define LOST_US (2 * PLK_SECOND)
#define WAITS 200000
#define OWN 0
#define THEIRS 1

enum op { OP_PUT, OP_ITEM, OP_ACK, OP_PASS, OP_SUB, OPS };
static const char *const op_names[OPS] = {"put", "item", "ack", "pass", "sub"};

static struct attack honest, attacker;
static struct pair {
    struct attack_peer *sender, *owner;
    enum op op;
    uint64_t since_us, before; // of the operation under way
    uint64_t rest_us;          // 0: one is under way
} pairs[PAIRS];
static struct waits {
    double ms[OPS][WAITS];
    size_t count[OPS];
} calm, under, *waits = &calm; // where the next one goes
static size_t lost;

static uint64_t *counter(struct pair *pair) {
    struct bench_client *sender = &pair->sender->client, *owner = &pair->owner->client;
    uint64_t *const of[OPS] = {&sender->done, &owner->items, &owner->done, &owner->passed, &owner->done};
    return of[pair->op];
}

static void start_op(struct pair *pair) {
    static uint8_t cell[PLK_QUEUE_CELL_SMALL];
    uint64_t now_us = attack_now_us();
    struct plk_queue_record record = {.type = PLK_QUEUE_PUT, .handle = THEIRS};
    pair->rest_us = 0;
    pair->before = pair->op == OP_ITEM ? pair->before : *counter(pair);
    if (pair->op != OP_ITEM) pair->since_us = now_us;
    if (pair->op == OP_PUT) {
        plk_rng_bytes(&honest.udp.rng, cell, 16);
        record.cell.bytes = plk_bytes(cell, sizeof cell);
        bench_say(&pair->sender->client, now_us, record);
    } else if (pair->op == OP_ACK) {
        uint8_t room[8];
        struct plk_writer w = plk_writer(room, sizeof room);
        plk_writer_u64(&w, pair->owner->client.last_item);
        record = (struct plk_queue_record){.type = PLK_QUEUE_ACK, .handle = OWN, .list = plk_writer_bytes(&w)};
        bench_say(&pair->owner->client, now_us, record);
    } else if (pair->op == OP_PASS) {
        static const uint8_t body[1000];
        uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
        size_t len;
        struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .handle = THEIRS, .bytes = {body, sizeof body}};
        plk_assert(plk_relay_channel_pass(pair->sender->client.channel, &frame, out, &len) == PLK_ERR_OK);
        attack_send(&honest, pair->sender->client.index, out, len);
    } else if (pair->op == OP_SUB) {
        bench_subscribe(&pair->owner->client, now_us, 1);
    }
    attack_look(&honest, pair->sender);
    attack_look(&honest, pair->owner);
}

static void end_op(struct pair *pair, uint64_t now_us) {
    enum op was = pair->op;
    if (waits->count[was] < WAITS) waits->ms[was][waits->count[was]++] = (double)(now_us - pair->since_us) / 1e3;
    pair->op = (was + 1) % OPS;
    if (was == OP_PUT) { // the item may have come already: it counts from the PUT
        pair->before = pair->owner->client.items_before;
        start_op(pair);
    } else if (pair->op != OP_PUT) {
        start_op(pair);
    } else {
        pair->owner->client.items_before = pair->owner->client.items;
        pair->rest_us = now_us + EVERY_US;
    }
}

static void step(struct pair *pair, uint64_t now_us) {
    if (pair->rest_us > 0) {
        if (now_us >= pair->rest_us) start_op(pair);
    } else if (*counter(pair) > pair->before) {
        end_op(pair, now_us);
    } else if (now_us > pair->since_us + LOST_US && pair->op == OP_PASS) {
        lost++; // PASS promises nothing
        end_op(pair, now_us);
    }
}

static void run(uint64_t for_us) {
    struct pollfd fds[2 * PAIRS];
    for (size_t i = 0; i < 2 * PAIRS; i++) fds[i] = (struct pollfd){.fd = honest.peers[i].fd, .events = POLLIN};
    for (uint64_t until_us = attack_now_us() + for_us, look_us = 0; attack_now_us() < until_us;) {
        if (poll(fds, 2 * PAIRS, 2) < 0) perror("poll");
        bool all = attack_now_us() > look_us;
        if (all) look_us = attack_now_us() + 5 * PLK_MS;
        for (size_t i = 0; i < 2 * PAIRS; i++) {
            if (all || fds[i].revents != 0) attack_look(&honest, &honest.peers[i]);
        }
        for (size_t i = 0; i < PAIRS; i++) step(&pairs[i], attack_now_us());
    }
}

static void connect_pairs(void) {
    static struct bench_queue queues[PAIRS];
    for (unsigned i = 0; i < 2 * PAIRS; i++) attack_open(&honest, 0, 0, false);
    attack_until(&honest, 0, 0);
    for (size_t i = 0; i < PAIRS; i++) {
        struct pair *pair = &pairs[i];
        *pair = (struct pair){.sender = &honest.peers[i], .owner = &honest.peers[PAIRS + i]};
        bench_queue_make(&honest.udp, &queues[i]);
        bench_newq(&pair->owner->client, attack_now_us(), &queues[i], honest.name.token);
        bench_attach(&honest.udp, &pair->owner->client, attack_now_us(), &queues[i], PLK_QUEUE_OWNER, OWN);
        bench_subscribe(&pair->owner->client, attack_now_us(), 1);
    }
    attack_until(&honest, PAIRS, 3);
    for (size_t i = 0; i < PAIRS; i++) {
        struct pair *pair = &pairs[i];
        bench_attach(&honest.udp, &pair->sender->client, attack_now_us(), &queues[i], PLK_QUEUE_SENDER, THEIRS);
    }
    attack_until(&honest, 0, 1);
    for (size_t i = 0; i < PAIRS; i++) {
        plk_assert(pairs[i].sender->client.refused + pairs[i].owner->client.refused == 0);
        pairs[i].rest_us = attack_now_us() + i * EVERY_US / PAIRS;
    }
}

// ---- what is measured -----------------------------------------------------------------------------------------------------

static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double p99(struct waits *of, enum op op) {
    plk_assert(of->count[op] > 0);
    qsort(of->ms[op], of->count[op], sizeof of->ms[op][0], order);
    return of->ms[op][of->count[op] * 99 / 100];
}

static void forget(struct waits *of) {
    for (size_t op = 0; op < OPS; op++) of->count[op] = 0;
}

static double resident_mib(pid_t pid) {
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    plk_assert(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) kib = strtod(line + 6, NULL);
    }
    fclose(file);
    return kib / 1024;
}

static void misuse(const char *name) {
    if (strcmp(name, "hello") == 0) attack_hellos(&attacker, false);
    if (strcmp(name, "cookie") == 0) attack_hellos(&attacker, true);
    if (strcmp(name, "garbage") == 0) attack_garbage(&attacker);
    if (strcmp(name, "newq") == 0) attack_newq(&attacker);
    if (strcmp(name, "unacked") == 0) attack_readers(&attacker, true);
    if (strcmp(name, "unread") == 0) attack_readers(&attacker, false);
    if (strcmp(name, "slow") == 0) attack_slow(&attacker);
    if (strcmp(name, "subscribers") == 0) attack_subscribers(&attacker);
}

// The attacker's end of the pipe: what it writes when it has begun.
static pid_t begin(const char *name, int *from) {
    int ends[2];
    plk_assert(pipe(ends) == 0);
    fflush(stdout);
    pid_t pid = fork();
    plk_assert(pid >= 0);
    if (pid == 0) {
        for (size_t i = 0; i < 2 * PAIRS; i++) close(honest.peers[i].fd);
        attacker.ready = ends[1];
        (void)!nice(10); // it would use a processor of its own
        misuse(name);
        exit(1);
    }
    close(ends[1]);
    *from = ends[0];
    return pid;
}

static void end(pid_t attacker_pid, int from) {
    plk_assert(kill(attacker_pid, SIGKILL) == 0 && waitpid(attacker_pid, NULL, 0) == attacker_pid);
    close(from);
}

static void print(const char *name) {
    double worst = 0;
    for (enum op op = 0; op < OPS; op++) {
        double before_ms = p99(&calm, op), ms = p99(&under, op);
        printf(" \"flood_%s_%s_calm_ms\": %.2f, \"flood_%s_%s_ms\": %.2f,", name, op_names[op], before_ms, name,
               op_names[op], ms);
        worst = ms / before_ms > worst ? ms / before_ms : worst;
    }
    printf(" \"flood_%s_times\": %.2f,\n", name, worst);
}

// The subscribers' beginning is the attack: it is measured until all have been answered.
static void subscribers(int from, pid_t relay) {
    uint64_t refused, start_us = attack_now_us();
    struct pollfd wait = {.fd = from, .events = POLLIN};
    do {
        run(PLK_SECOND / 2);
    } while (poll(&wait, 1, 0) == 0);
    plk_assert(read(from, &refused, sizeof refused) == sizeof refused);
    printf(" \"subscribed\": %zu, \"subscribe_s\": %.1f, \"subscribe_refused\": %llu, \"subscribed_mib\": %.1f,\n",
           attacker.subscriptions, (double)(attack_now_us() - start_us) / 1e6, (unsigned long long)refused,
           resident_mib(relay));
}

static void suffer(const char *name, pid_t relay, uint64_t for_us) {
    int from;
    char byte;
    forget(&calm);
    forget(&under);
    run(for_us / 2);
    waits = &under;
    pid_t pid = begin(name, &from);
    if (strcmp(name, "subscribers") == 0) {
        subscribers(from, relay);
    } else {
        plk_assert(read(from, &byte, 1) == 1);
        uint64_t before = *attacker.acts;
        run(for_us);
        printf(" \"flood_%s_per_s\": %.0f,\n", name, (double)(*attacker.acts - before) * 1e6 / (double)for_us);
    }
    printf(" \"flood_%s_mib\": %.1f,\n", name, resident_mib(relay));
    end(pid, from);
    run(PLK_SECOND); // until what is left of it is over: it still counts
    waits = &calm;
    run(for_us / 2);
    print(name);
}

int main(int argc, char **argv) {
    static const char *const names[] = {"garbage", "hello",  "cookie", "newq",
                                        "unacked", "unread", "slow",   "subscribers"};
    struct plk_relay_name name;
    struct rlimit files;
    if (argc < 5 || sodium_init() < 0) return 2;
    if (plk_relay_name_decode(plk_bytes(argv[2], strlen(argv[2])), &name) != PLK_ERR_OK) return 2;
    plk_assert(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    plk_assert(setrlimit(RLIMIT_NOFILE, &files) == 0);
    signal(SIGPIPE, SIG_IGN);
    pid_t relay = (pid_t)atoi(argv[1]);
    uint64_t for_us = strtoull(argv[3], NULL, 10) * PLK_SECOND;
    attack_init(&honest, &name, 1);
    attack_init(&attacker, &name, 11);
    attacker.acts = mmap(NULL, sizeof *attacker.acts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    plk_assert(attacker.acts != MAP_FAILED);
    attacker.subscriptions = strtoull(argv[4], NULL, 10);
    connect_pairs();
    run(PLK_SECOND);
    printf("{\"flood_before_mib\": %.1f,\n", resident_mib(relay));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (argc == 5 || strcmp(argv[5], names[i]) == 0) suffer(names[i], relay, for_us);
    }
    printf(" \"flood_lost\": %zu}\n", lost);
    return 0;
}
