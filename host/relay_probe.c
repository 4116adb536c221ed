// SPDX-License-Identifier: MIT
#include "host/relay_probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/address.h"
#include "host/clock.h"
#include "host/entropy.h"
#include "session/hello.h"

#define FIRST_ROUND_US (250 * PLK_MS) // relay.md, section 3: doubled each time
#define FRAMED_MAX (PLK_PACKET_FRAME_LEN + PLK_PACKET_MAX)

// One hello over one socket.
struct exchange {
    int fd;
    bool tcp;
    struct plk_hello hello;
    struct plk_rng rng;
    struct plk_hello_heard heard;
    uint64_t sent_us; // the first copy
    uint8_t in[FRAMED_MAX];
    size_t len;
};

// ---- one exchange -----------------------------------------------------------------------------------------------------

static bool send_hello(struct exchange *x) {
    uint8_t out[PLK_PACKET_FRAME_LEN + PLK_PACKET_HANDSHAKE_LEN];
    struct plk_bytes message = plk_hello_message(&x->hello);
    size_t head = x->tcp ? PLK_PACKET_FRAME_LEN : 0;
    out[0] = (uint8_t)(message.len >> 8);
    out[1] = (uint8_t)message.len;
    memcpy(out + head, message.at, message.len);
    return send(x->fd, out, head + message.len, MSG_NOSIGNAL) == (ssize_t)(head + message.len);
}

// True: the relay has proved its key. What is no answer to this hello is passed over.
static bool take(struct exchange *x, struct plk_bytes bytes) {
    struct plk_packet packet;
    uint8_t cookie[PLK_PACKET_MAC_LEN];
    if (plk_packet_decode(&packet, bytes) != PLK_ERR_OK) return false;
    if (packet.kind == PLK_PACKET_COOKIE) {
        if (plk_hello_cookie(&x->hello, &packet, cookie) == PLK_ERR_OK) send_hello(x);
        return false;
    }
    if (packet.kind != PLK_PACKET_MESSAGE2) return false;
    return plk_hello_finish(&x->hello, &packet, plk_clock_now().mono_us, &x->heard) == PLK_ERR_OK;
}

// Reads what is there; -1: the other side has closed.
static int hear(struct exchange *x) {
    ssize_t got = recv(x->fd, x->in + x->len, sizeof x->in - x->len, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (!x->tcp) return take(x, plk_bytes(x->in, (size_t)got)) ? 1 : 0;
    if (got == 0) return -1;
    x->len += (size_t)got;
    struct plk_bytes packet;
    bool broken = false;
    size_t used = plk_packet_unframe(plk_bytes(x->in, x->len), &packet, &broken);
    if (broken) return -1;
    if (used == 0) return 0;
    bool done = take(x, packet);
    memmove(x->in, x->in + used, x->len - used);
    x->len -= used;
    return done ? 1 : 0;
}

static bool wait_for(int fd, short events, uint64_t until_us) {
    uint64_t now_us = plk_clock_now().mono_us;
    struct pollfd p = {.fd = fd, .events = events};
    return until_us > now_us && poll(&p, 1, (int)((until_us - now_us) / PLK_MS) + 1) > 0;
}

static bool exchange(struct exchange *x, uint64_t until_us) {
    uint64_t round_us = FIRST_ROUND_US;
    x->sent_us = plk_clock_now().mono_us;
    if (!send_hello(x)) return false;
    for (uint64_t next_us = x->sent_us + round_us; plk_clock_now().mono_us < until_us;) {
        uint64_t wait_us = x->tcp || next_us > until_us ? until_us : next_us;
        int heard = wait_for(x->fd, POLLIN, wait_us) ? hear(x) : 0;
        if (heard != 0) return heard > 0;
        if (x->tcp || plk_clock_now().mono_us < next_us) continue;
        send_hello(x);
        round_us *= 2;
        next_us += round_us;
    }
    return false;
}

// ---- sockets ----------------------------------------------------------------------------------------------------------

static int open_to(const struct plk_addr *addr, bool tcp, uint64_t until_us) {
    struct sockaddr_storage to;
    socklen_t len = plk_address_to_system(addr, &to);
    int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, failed = 0;
    int fd = len == 0 ? -1 : socket(to.ss_family, type, 0);
    if (fd < 0) return -1;
    if (connect(fd, (struct sockaddr *)&to, len) == 0) return fd;
    socklen_t failed_len = sizeof failed;
    if (errno == EINPROGRESS && wait_for(fd, POLLOUT, until_us) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &failed_len) == 0 && failed == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

static void note(struct plk_relay_probe *probe, const struct exchange *x) {
    const struct plk_relay_greeting *greeting = &x->heard.greeting;
    struct plk_now now = plk_clock_now();
    uint64_t middle_ms = now.wall_ms - (now.mono_us - x->sent_us) / 2 / PLK_MS;
    probe->clock_ms = (int64_t)(greeting->wall_ms - middle_ms);
    probe->seen = greeting->seen;
    probe->admission = greeting->admission;
}

static void probe_way(struct plk_relay_probe *probe, const uint8_t key[32], bool tcp) {
    static struct exchange x; // it is large
    uint8_t entropy[32], cid[PLK_PACKET_CID_LEN];
    uint64_t until_us = plk_clock_now().mono_us + PLK_RELAY_PROBE_MS * PLK_MS;
    x = (struct exchange){.fd = open_to(&probe->addr, tcp, until_us), .tcp = tcp};
    if (x.fd < 0) return;
    plk_entropy_bytes(entropy, sizeof entropy);
    plk_rng_seed(&x.rng, entropy);
    plk_rng_bytes(&x.rng, cid, sizeof cid);
    struct plk_relay_probe_way *way = tcp ? &probe->tcp : &probe->udp;
    way->answered = plk_hello_start(&x.hello, key, cid, &x.rng) == PLK_ERR_OK && exchange(&x, until_us);
    if (way->answered) {
        way->rtt_us = plk_clock_now().mono_us - x.sent_us;
        note(probe, &x);
    }
    close(x.fd);
    plk_mem_wipe(&x, sizeof x);
    plk_mem_wipe(entropy, sizeof entropy);
}

// ---- names ------------------------------------------------------------------------------------------------------------

static enum plk_fault_kind look_up(const struct plk_relay_name *name, struct plk_relay_probe *out, size_t *count,
                                   struct plk_fault *fault) {
    char host[PLK_RELAY_HOST_MAX + 1];
    snprintf(host, sizeof host, "%.*s", (int)name->host.len, (const char *)name->host.at);
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found = NULL;
    int code = getaddrinfo(host, NULL, &hints, &found);
    if (code != 0) return plk_fault_set(fault, PLK_FAULT_SYSTEM, "%s: %s", host, gai_strerror(code));
    *count = 0;
    for (const struct addrinfo *a = found; a != NULL && *count < PLK_RELAY_PROBE_ADDRESSES_MAX; a = a->ai_next) {
        struct plk_addr addr = plk_address_from_system(a->ai_addr);
        addr.port = name->port;
        if (addr.family != 0) out[(*count)++] = (struct plk_relay_probe){.addr = addr};
    }
    freeaddrinfo(found);
    if (*count > 0) return PLK_FAULT_NONE;
    return plk_fault_set(fault, PLK_FAULT_SYSTEM, "%s has no address", host);
}

enum plk_fault_kind plk_relay_probe(const struct plk_relay_name *name,
                                    struct plk_relay_probe out[static PLK_RELAY_PROBE_ADDRESSES_MAX], size_t *count,
                                    struct plk_fault *fault) {
    plk_entropy_start();
    enum plk_fault_kind kind = look_up(name, out, count, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    for (size_t i = 0; i < *count; i++) {
        probe_way(&out[i], name->key, false);
        probe_way(&out[i], name->key, true);
    }
    return PLK_FAULT_NONE;
}
