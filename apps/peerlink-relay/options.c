// SPDX-License-Identifier: MIT
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plk_relay_fail(int status, const char *format, ...) {
    va_list args;
    fputs("peerlink-relay: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

static int usage(const char *what, const char *which) {
    return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "%s%s; `peerlink-relay --help` tells more", what, which);
}

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *out) {
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || strlen(text) > 15 || value < min || value > max) return false;
    *out = value;
    return true;
}

// ---- single options -----------------------------------------------------------------------------------------------------

static int read_listen(struct plk_relay_options *o, const char *value) {
    if (o->listen_count == PLK_RELAY_LISTENS_MAX) return usage("too many --listen", "");
    o->listen[o->listen_count++] = value;
    return PLK_RELAY_EXIT_DONE;
}

static int read_admit(struct plk_relay_options *o, const char *value) {
    static const struct {
        const char *word;
        enum plk_relay_admission admission;
    } words[] = {{"token", PLK_RELAY_ADMIT_TOKEN}, {"open", PLK_RELAY_ADMIT_OPEN}, {"closed", PLK_RELAY_ADMIT_CLOSED}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, value) != 0) continue;
        o->limits.admission = words[i].admission;
        return PLK_RELAY_EXIT_DONE;
    }
    return usage("--admit takes token, open or closed, not ", value);
}

static int read_metrics(struct plk_relay_options *o, const char *value) {
    uint64_t port;
    if (strcmp(value, "off") == 0) {
        o->metrics = PLK_RELAY_METRICS_OFF;
    } else if (number(value, 1, UINT16_MAX, &port)) {
        o->metrics = (uint32_t)port;
    } else {
        return usage("--metrics takes a port or off, not ", value);
    }
    return PLK_RELAY_EXIT_DONE;
}

static int read_queues(struct plk_relay_options *o, const char *value) {
    uint64_t queues;
    if (!number(value, 0, UINT32_MAX, &queues)) return usage("--queues takes a number (0: any number), not ", value);
    o->queues = (uint32_t)queues;
    return PLK_RELAY_EXIT_DONE;
}

static int read_clients(struct plk_relay_options *o, const char *value) {
    uint64_t clients;
    if (!number(value, 1, 10000000, &clients)) return usage("--clients takes a number from 1, not ", value);
    o->limits.clients_max = (uint32_t)clients;
    return PLK_RELAY_EXIT_DONE;
}

static int read_mib(uint64_t *to, const char *option, const char *value) {
    uint64_t mib;
    if (!number(value, 1, UINT64_C(1) << 30, &mib)) {
        return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "%s takes a number of MiB, not %s", option, value);
    }
    *to = mib << 20;
    return PLK_RELAY_EXIT_DONE;
}

static int read_memory(struct plk_relay_options *o, const char *value) {
    return read_mib(&o->limits.memory_max, "--memory", value);
}

static int read_disk(struct plk_relay_options *o, const char *value) {
    return read_mib(&o->limits.store_max, "--disk", value);
}

static int read_data(struct plk_relay_options *o, const char *value) {
    o->data = value;
    return value[0] != '\0' ? PLK_RELAY_EXIT_DONE : usage("--data takes a directory", "");
}

static int read_public(struct plk_relay_options *o, const char *value) {
    if (value[0] == '\0' || strlen(value) > PLK_RELAY_HOST_MAX) return usage("--public takes a name or an address", "");
    o->public_host = value;
    return PLK_RELAY_EXIT_DONE;
}

static int read_log(struct plk_relay_options *o, const char *value) {
    if (plk_log_level_parse(value, &o->log_level)) return PLK_RELAY_EXIT_DONE;
    return usage("--log takes error, warn, info or debug, not ", value);
}

static const struct option {
    const char *name, *value, *help;
    int (*read)(struct plk_relay_options *options, const char *value);
} options_table[] = {
    {"--data", "DIR", "where its key, its queues and what waits in them lie; made when there is none", read_data},
    {"--listen", "ADDR:PORT", "UDP and TCP, and STUN on PORT+1; may be repeated (default: 7447 of all addresses)",
     read_listen},
    {"--public", "HOST", "the name or address under which others reach it (default: a public address of this machine)",
     read_public},
    {"--admit", "WHO", "who may make queues: token, open (for work) or closed (default: token)", read_admit},
    {"--clients", "N", "most clients at a time (default: 100000)", read_clients},
    {"--memory", "MIB", "most memory for them (default: 512)", read_memory},
    {"--disk", "MIB", "most bytes of what waits (default: 16384)", read_disk},
    {"--metrics", "PORT",
     "figures at http://127.0.0.1:PORT/metrics and /healthz; off: none (default: PORT+2, if it is free)", read_metrics},
    {"--queues", "N", "of `token new`: how many queues it is good for; 0: any number (default: 1000)", read_queues},
    {"--log", "LEVEL", "error, warn, info or debug, to stderr (default: info)", read_log},
};
#define OPTIONS (sizeof options_table / sizeof options_table[0])

void plk_relay_options_help(void) {
    puts("peerlink-relay: helps peers to find each other, passes on what cannot go directly, keeps what waits\n\n"
         "usage: peerlink-relay --data DIR [OPTION]...\n"
         "       peerlink-relay token new|list --data DIR [--queues N] [--json]\n"
         "       peerlink-relay token revoke ID --data DIR\n"
         "       peerlink-relay status --data DIR [--json]\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &options_table[i];
        int len = printf("  %s %s", o->name, o->value);
        printf("%*s%s\n", len < 23 ? 23 - len : 1, "", o->help);
    }
    puts(
        "  --json               one JSON object a line\n"
        "  --version            what this is\n\n"
        "When it is ready it prints the line that `peerlink up --relay` takes. SIGTERM ends it, after its clients were told.\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
}

// ---- words --------------------------------------------------------------------------------------------------------------

static int read_word(struct plk_relay_options *o, const char *const *words, size_t count) {
    if (count == 0) return PLK_RELAY_EXIT_DONE;
    bool token = strcmp(words[0], "token") == 0;
    const char *second = count > 1 ? words[1] : "";
    if (count == 1 && strcmp(words[0], "status") == 0) {
        o->word = PLK_RELAY_WORD_STATUS;
    } else if (token && count == 2 && strcmp(second, "new") == 0) {
        o->word = PLK_RELAY_WORD_TOKEN_NEW;
    } else if (token && count == 2 && strcmp(second, "list") == 0) {
        o->word = PLK_RELAY_WORD_TOKEN_LIST;
    } else if (token && count == 3 && strcmp(second, "revoke") == 0) {
        o->word = PLK_RELAY_WORD_TOKEN_REVOKE;
        o->id = words[2];
    } else if (token) {
        return usage("it is `token new`, `token list` or `token revoke ID`", "");
    } else {
        return usage("there is no command ", words[0]);
    }
    return PLK_RELAY_EXIT_DONE;
}

static int read_option(struct plk_relay_options *o, int argc, char **argv, int *at) {
    const char *name = argv[*at];
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options_table[i].name, name) != 0) continue;
        if (*at + 1 >= argc)
            return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "%s needs a value: %s", name, options_table[i].value);
        return options_table[i].read(o, argv[++*at]);
    }
    return usage("there is no option ", name);
}

int plk_relay_options_read(struct plk_relay_options *o, int argc, char **argv) {
    const char *words[3];
    size_t count = 0;
    *o = (struct plk_relay_options){.metrics = PLK_RELAY_METRICS_AUTO, .queues = 1000, .log_level = PLK_LOG_INFO};
    plk_relay_config_init(&o->limits);
    for (int i = 1; i < argc; i++) {
        int status = PLK_RELAY_EXIT_DONE;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "help") == 0) {
            o->word = PLK_RELAY_WORD_HELP;
            return status;
        }
        if (strcmp(argv[i], "--version") == 0) {
            o->word = PLK_RELAY_WORD_VERSION;
            return status;
        }
        if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else if (argv[i][0] == '-') {
            status = read_option(o, argc, argv, &i);
        } else if (count == sizeof words / sizeof words[0]) {
            status = usage("too many words: ", argv[i]);
        } else {
            words[count++] = argv[i];
        }
        if (status != PLK_RELAY_EXIT_DONE) return status;
    }
    int status = read_word(o, words, count);
    if (status == PLK_RELAY_EXIT_DONE && o->data == NULL)
        return usage("--data DIR says where the relay keeps what it has", "");
    return status;
}
