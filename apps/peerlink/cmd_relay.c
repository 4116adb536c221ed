// SPDX-License-Identifier: MIT
// `relay`: one's own relays. `test` asks a relay itself, with no node in between.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/config.h"
#include "api/relay_words.h"
#include "command.h"
#include "host/address.h"
#include "host/relay_probe.h"
#include "plain.h"

static const char *admission_word(enum plk_relay_admission admission) {
    switch (admission) {
    case PLK_RELAY_ADMIT_TOKEN:
        return "token";
    case PLK_RELAY_ADMIT_OPEN:
        return "open";
    case PLK_RELAY_ADMIT_CLOSED:
        return "closed";
    }
    return "token";
}

static json_t *way_json(const struct plk_relay_probe_way *way) {
    return way->answered ? json_pack("{s:b, s:f}", "answered", 1, "rtt_ms", (double)way->rtt_us / 1000)
                         : json_pack("{s:b}", "answered", 0);
}

static void print_json(const struct plk_relay_probe *probe) {
    char address[64], seen[64];
    bool any = probe->udp.answered || probe->tcp.answered;
    json_t *object = json_pack("{s:s, s:o, s:o}", "address", plk_address_text(&probe->addr, address), "udp",
                               way_json(&probe->udp), "tcp", way_json(&probe->tcp));
    if (any) {
        json_object_set_new(object, "clock_ms", json_integer(probe->clock_ms));
        json_object_set_new(object, "seen", json_string(plk_address_text(&probe->seen, seen)));
        json_object_set_new(object, "admission", json_string(admission_word(probe->admission)));
    }
    plk_cli_json(object);
    json_decref(object);
}

static void print_way(const char *name, const struct plk_relay_probe_way *way) {
    if (way->answered) {
        printf("  %s: answers after %.1f ms\n", name, (double)way->rtt_us / 1000);
    } else {
        printf("  %s: no answer\n", name);
    }
}

static void print(const struct plk_relay_probe *probe) {
    char text[64];
    printf("%s\n", plk_address_text(&probe->addr, text));
    print_way("UDP", &probe->udp);
    print_way("TCP", &probe->tcp);
    if (!probe->udp.answered && !probe->tcp.answered) return;
    double off_s = (double)probe->clock_ms / 1000;
    if (off_s > -2 && off_s < 2) {
        puts("  clock: agrees with this machine's");
    } else {
        printf("  clock: %.0f s %s this machine's\n", off_s < 0 ? -off_s : off_s, off_s < 0 ? "behind" : "ahead of");
    }
    printf("  sees this machine as %s\n", plk_address_text(&probe->seen, text));
    printf("  admission: %s\n", probe->admission == PLK_RELAY_ADMIT_TOKEN  ? "with a token"
                                : probe->admission == PLK_RELAY_ADMIT_OPEN ? "open, for some work"
                                                                           : "closed");
}

static int test(struct plk_cli *cli, const char *text) {
    struct plk_relay_name name;
    struct plk_relay_probe probes[PLK_RELAY_PROBE_ADDRESSES_MAX];
    struct plk_fault fault;
    size_t count = 0, answered = 0;
    enum plk_err err = plk_relay_name_decode(plk_bytes_text(text), &name);
    if (err != PLK_ERR_OK) return plk_cli_fail(PLK_EXIT_FAILED, "%s", plk_relay_words(err));
    if (plk_relay_probe(&name, probes, &count, &fault) != PLK_FAULT_NONE)
        return plk_cli_fail(PLK_EXIT_FAILED, "%s", fault.line);
    for (size_t i = 0; i < count; i++) {
        if (cli->json) {
            print_json(&probes[i]);
        } else {
            print(&probes[i]);
        }
        answered += probes[i].udp.answered + probes[i].tcp.answered;
    }
    if (answered > 0) return PLK_EXIT_DONE;
    return plk_cli_fail(PLK_EXIT_FAILED, "no answer: it is down, a firewall is in the way, or its key is another one");
}

// ---- one's own ------------------------------------------------------------------------------------------------------

static int list(struct plk_cli *cli) {
    json_t *result = NULL, *relay = NULL;
    size_t i = 0;
    int status = plk_cli_call(cli, "relay.list", NULL, &result);
    if (status != PLK_EXIT_DONE) return status;
    json_array_foreach(json_object_get(result, "relays"), i, relay) {
        if (cli->json) {
            plk_cli_json(relay);
            continue;
        }
        printf("%s  ", plk_plain_text(relay, "address"));
        plk_plain_relay(stdout, relay);
        fputc('\n', stdout);
    }
    if (i == 0 && !cli->json) plk_cli_note("there are no relays: `peerlink relay add ADDR` adds one");
    json_decref(result);
    return status;
}

static int change(struct plk_cli *cli, const char *method, const char *address) {
    json_t *result = NULL, *params = json_object();
    if (!plk_cli_set(params, "relay", address)) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    int status = plk_cli_call(cli, method, params, &result);
    if (status == PLK_EXIT_DONE && cli->json) {
        plk_cli_json(result);
    } else if (status == PLK_EXIT_DONE && json_object_get(result, "address") != NULL) {
        if (json_is_true(json_object_get(result, "known"))) plk_cli_note("this was one of your relays already");
        puts(plk_plain_text(result, "address"));
    }
    json_decref(result);
    return status;
}

static int serve(struct plk_cli *cli, const char *mode) {
    json_t *result = NULL, *params = json_object();
    if (mode != NULL) json_object_set_new(params, "mode", json_string(mode));
    int status = plk_cli_call(cli, "relay.serve", params, &result);
    if (status == PLK_EXIT_DONE && cli->json) {
        plk_cli_json(result);
    } else if (status == PLK_EXIT_DONE) {
        plk_plain_serve(stdout, result);
        const char *name = plk_plain_text(result, "name");
        if (name[0] != '\0') puts(name);
    }
    json_decref(result);
    return status;
}

static bool is_mode(const char *word) {
    enum plk_serve_mode mode;
    return strcmp(word, "auto") == 0 || plk_config_serve(word, &mode);
}

int plk_command_relay(struct plk_cli *cli) {
    const char *word = cli->args[0];
    bool takes_address = strcmp(word, "add") == 0 || strcmp(word, "remove") == 0 || strcmp(word, "test") == 0;
    if (strcmp(word, "serve") == 0) {
        const char *mode = cli->arg_count == 2 ? cli->args[1] : NULL;
        if (mode == NULL || is_mode(mode)) return serve(cli, mode);
        return plk_cli_fail(PLK_EXIT_USAGE, "it is `relay serve off`, `contacts`, `public` or `auto`");
    }
    if (!takes_address && strcmp(word, "list") != 0)
        return plk_cli_fail(PLK_EXIT_USAGE,
                            "it is `relay list`, `relay serve`, `relay add`, `relay remove` or `relay test ADDR`");
    if (takes_address != (cli->arg_count == 2)) {
        return plk_cli_fail(PLK_EXIT_USAGE,
                            takes_address ? "`relay %s` takes a relay's address" : "`relay %s` takes nothing", word);
    }
    if (strcmp(word, "test") == 0) return test(cli, cli->args[1]);
    if (strcmp(word, "list") == 0) return list(cli);
    return change(cli, strcmp(word, "add") == 0 ? "relay.add" : "relay.remove", cli->args[1]);
}
