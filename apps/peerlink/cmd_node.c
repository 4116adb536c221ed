// SPDX-License-Identifier: MIT
// The node as a whole: what is going on, who am I, stop.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "plain.h"

#define DOWN_WAIT_MS 15000

int plk_command_id(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = plk_cli_call(cli, "id", NULL, &result);
    if (status == PLK_EXIT_DONE && cli->json)
        plk_cli_json(result);
    else if (status == PLK_EXIT_DONE)
        puts(plk_plain_text(result, "id"));
    json_decref(result);
    return status;
}

// Done when the home is free again, so that what comes next can take it.
int plk_command_down(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = plk_cli_call(cli, "down", NULL, &result);
    json_decref(result);
    if (status != PLK_EXIT_DONE) return status;
    for (int waited_ms = 0; plk_cli_running(cli); waited_ms += 10) {
        if (waited_ms > DOWN_WAIT_MS) return plk_cli_fail(PLK_EXIT_FAILED, "the node is still busy stopping");
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000}, NULL);
    }
    if (cli->json) puts("{\"done\":true}");
    return status;
}

// ---- status ---------------------------------------------------------------------------------------------------------

// That it is reached through relays only, and why it is not.
static void print_seclusion(const json_t *contact) {
    static const char *const words[][2] = {{"no-relay", "none of your relays answers"},
                                           {"unreachable", "none of your relays reaches its relay"},
                                           {"refused", "your relays carry nothing more for you now"}};
    const char *hindrance = plk_plain_text(contact, "hindrance");
    fputs(", through relays only", stdout);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(hindrance, words[i][0]) == 0) printf(": %s", words[i][1]);
    }
}

static void print_presence(const json_t *contact) {
    char when[PLK_PLAIN_TIME_MAX];
    const char *path = plk_plain_text(contact, "path");
    uint64_t seen_ms = plk_plain_count(contact, "last_seen_ms"), undelivered = plk_plain_count(contact, "undelivered");
    double rtt_ms = json_number_value(json_object_get(contact, "rtt_ms"));
    fputs("  ", stdout);
    plk_plain_print(stdout, plk_plain_text(contact, "name"), -1);
    if (json_is_true(json_object_get(contact, "online"))) {
        printf("  online");
        if (path[0] != '\0') printf(", %s (%s)", plk_plain_path(path), path);
        if (rtt_ms > 0) printf(", %.1f ms", rtt_ms);
    } else if (seen_ms > 0) {
        plk_plain_time(when, seen_ms);
        printf("  away since %s", when);
    } else {
        printf("  not seen yet");
    }
    if (undelivered > 0) printf(", %llu not delivered yet", (unsigned long long)undelivered);
    if (json_is_true(json_object_get(contact, "relay_only"))) print_seclusion(contact);
    if (json_is_true(json_object_get(contact, "damaged")))
        fputs(", DAMAGED: what is stored of it cannot be read, nothing is sent or accepted", stdout);
    fputc('\n', stdout);
}

static void print_relays(const json_t *relays) {
    json_t *relay = NULL;
    size_t i = 0;
    if (json_array_size(relays) == 0) {
        puts("relays: none; a message waits on this device until both are online (`peerlink relay add` adds one)");
        return;
    }
    puts("relays:");
    json_array_foreach(relays, i, relay) {
        printf("  %s  ", plk_plain_text(relay, "address"));
        plk_plain_relay(stdout, relay);
        fputc('\n', stdout);
    }
}

static const char *protocol_name(const char *word) {
    return strcmp(word, "pcp") == 0 ? "PCP" : strcmp(word, "upnp") == 0 ? "UPnP" : "NAT-PMP";
}

static void print_mapped(const json_t *list) {
    json_t *mapped = NULL;
    size_t i = 0;
    json_array_foreach(list, i, mapped) {
        bool udp = strcmp(plk_plain_text(mapped, "transport"), "udp") == 0;
        printf("the router lets in %s at %s (%s)%s\n", udp ? "UDP" : "TCP", plk_plain_text(mapped, "external"),
               protocol_name(plk_plain_text(mapped, "protocol")),
               json_is_true(json_object_get(mapped, "global")) ? "" : ", but is behind another one");
    }
}

static void print_status(const json_t *status) {
    json_t *contact = NULL;
    size_t i = 0;
    const json_t *ports = json_object_get(status, "ports"), *contacts = json_object_get(status, "contacts");
    const json_t *nat = json_object_get(status, "nat");
    if (json_is_null(json_object_get(status, "id"))) {
        puts("running without a profile: make one with `peerlink init`");
    } else {
        plk_plain_print(stdout, plk_plain_text(status, "name"), -1);
        printf("  %s\n", plk_plain_text(status, "id"));
    }
    uint64_t udp =
        plk_plain_count(ports, "udp4") != 0 ? plk_plain_count(ports, "udp4") : plk_plain_count(ports, "udp6");
    printf("listens on UDP %llu, TCP %llu\n", (unsigned long long)udp,
           (unsigned long long)plk_plain_count(ports, "tcp"));
    printf("NAT: mapping %s, filtering %s\n", plk_plain_text(nat, "mapping"), plk_plain_text(nat, "filtering"));
    print_mapped(json_object_get(nat, "mapped"));
    print_relays(json_object_get(status, "relays"));
    const json_t *serve = json_object_get(status, "serve");
    if (json_is_true(json_object_get(serve, "on")) || json_is_string(json_object_get(serve, "why")))
        plk_plain_serve(stdout, serve);
    if (json_is_true(json_object_get(status, "encrypted")))
        puts("the store is encrypted under your passphrase");
    else
        puts("the store is not protected: without a passphrase, whoever has its files can read them");
    if (json_is_true(json_object_get(status, "stalled")))
        puts("THE DISK IS FULL OR LOCKED: nothing new is accepted until it is free");
    printf("contacts: %zu\n", json_array_size(contacts));
    json_array_foreach(contacts, i, contact) print_presence(contact);
}

int plk_command_status(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = plk_cli_call(cli, "status", NULL, &result);
    if (status == PLK_EXIT_DONE && cli->json)
        plk_cli_json(result);
    else if (status == PLK_EXIT_DONE)
        print_status(result);
    json_decref(result);
    return status;
}

// ---- what this build is ---------------------------------------------------------------------------------------------

int plk_command_version(struct plk_cli *cli) {
    if (cli->json)
        puts("{\"version\":\"" PLK_VERSION "\"}");
    else
        puts("peerlink " PLK_VERSION);
    return PLK_EXIT_DONE;
}
