// SPDX-License-Identifier: MIT
// A relay inside a node's process (DESIGN 6, `relay.serve`; docs/design/relays.md): the relay's core on the node's loop, with a store and
// a key of its own in HOME/relay, laid out as a relay's data directory is, and with no port: it says and hears what it has to through the
// node's sockets. Which packets are its own src/relay/shared_port.h says; who serves whom, and when, is host_serve.c's to decide.
#ifndef PLK_HOST_SERVE_H
#define PLK_HOST_SERVE_H

#include <uv.h>

#include "host/fault.h"
#include "host/log.h"
#include "host/tcp.h"
#include "host/udp.h"
#include "relay/relay.h"
#include "relay/shared_port.h"

#define PLK_SERVE_DIRECTORY "relay"
#define PLK_SERVE_CLIENTS_MAX 256 // connections at a time; of one prefix PLK_SERVE_PREFIX_MAX
#define PLK_SERVE_PREFIX_MAX 64
#define PLK_SERVE_MEMORY_MAX (UINT64_C(64) << 20)
#define PLK_SERVE_STORE_MAX (UINT64_C(1) << 30) // bytes of cells, of all
// What a contact's token is good for is PLK_RELAY_CONTACT_QUEUES queues of so much: 64 MiB in all.
#define PLK_SERVE_QUEUE_BYTES (UINT32_C(512) << 10)
#define PLK_SERVE_QUEUE_ITEMS 128
#define PLK_SERVE_BYE_MS 60000 // what clients are told to wait when it ends

// Whom it serves: the person's choice.
enum plk_serve_mode {
    PLK_SERVE_AUTO, // contacts, once it is known that this node can be reached
    PLK_SERVE_OFF,
    PLK_SERVE_CONTACTS, // who has a token
    PLK_SERVE_PUBLIC    // anybody, for some work
};

struct plk_serve_config {
    const char *home; // its lock is the node's
    bool open;        // anybody may make queues
    uv_loop_t *loop;
    struct plk_udp *udp; // these three are the node's, and outlive it
    struct plk_tcp *tcp;
    struct plk_shared_port *shared; // told of connections that the relay closes
    const struct plk_addr *listeners;
    size_t listener_count;
    struct plk_log log;
    void (*lost)(void *ctx); // its store is lost: time to close it, from the loop
    void *ctx;
};

struct plk_serve;

// Opens or makes key and store. The faults of plk_home_make, plk_keyfile_*, plk_store_open. On a fault *out is NULL.
enum plk_fault_kind plk_serve_open(struct plk_serve **out, const struct plk_serve_config *config,
                                   struct plk_fault *fault);
// Clients are told to come back later; what was accepted becomes durable. Its connections are the caller's to close. Freed when the loop
// has run again; NULL is fine.
void plk_serve_close(struct plk_serve *serve);
bool plk_serve_was_there(const char *home); // it has been opened in this home before

void plk_serve_input(struct plk_serve *serve, const struct plk_input *input); // asked by the next plk_serve_turn
void plk_serve_turn(struct plk_serve *serve);                                 // everything that it has to say leaves

void plk_serve_contacts(struct plk_serve *serve, const uint8_t *tokens, size_t count); // plk_relay_contacts

const struct plk_relay *plk_serve_relay(const struct plk_serve *serve);
const uint8_t *plk_serve_key(const struct plk_serve *serve); // its public static, 32 bytes

#endif
