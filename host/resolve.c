// SPDX-License-Identifier: MIT
#include "host/resolve.h"

#include "host/address.h"
#include "host/memory.h"

#include <netdb.h>
#include <sys/socket.h>

struct question {
    uv_getaddrinfo_t request;
    struct plk_resolver *resolver;
    struct question *next;
    uint64_t ticket;
    uint16_t port;
};

struct plk_resolver {
    uv_loop_t *loop;
    plk_resolve_answer *answer;
    void *ctx;
    struct question *questions;
    unsigned count;
    bool closed;
};

struct plk_resolver *plk_resolver_open(uv_loop_t *loop, plk_resolve_answer *answer, void *ctx) {
    struct plk_resolver *resolver = plk_memory_take(sizeof *resolver);
    resolver->loop = loop;
    resolver->answer = answer;
    resolver->ctx = ctx;
    return resolver;
}

static void free_if_done(struct plk_resolver *resolver) {
    if (resolver->closed && resolver->count == 0) plk_memory_give(resolver, sizeof *resolver);
}

void plk_resolver_close(struct plk_resolver *resolver) {
    if (resolver == NULL) return;
    resolver->closed = true;
    for (struct question *q = resolver->questions; q != NULL; q = q->next) uv_cancel((uv_req_t *)&q->request);
    free_if_done(resolver);
}

static size_t collect(const struct addrinfo *found, uint16_t port, struct plk_addr *addrs) {
    size_t count = 0;
    for (; found != NULL && count < PLK_RESOLVE_ADDRS_MAX; found = found->ai_next) {
        struct plk_addr addr = plk_address_from_system(found->ai_addr);
        addr.port = port;
        if (addr.family != 0) addrs[count++] = addr;
    }
    return count;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    struct question *question = request->data;
    struct plk_resolver *resolver = question->resolver;
    struct plk_addr addrs[PLK_RESOLVE_ADDRS_MAX];
    size_t count = status == 0 ? collect(found, question->port, addrs) : 0;
    if (!resolver->closed) resolver->answer(resolver->ctx, question->ticket, addrs, count);
    if (found != NULL) uv_freeaddrinfo(found);
    struct question **link = &resolver->questions;
    while (*link != question) link = &(*link)->next;
    *link = question->next;
    resolver->count--;
    plk_memory_give(question, sizeof *question);
    free_if_done(resolver);
}

bool plk_resolver_ask(struct plk_resolver *resolver, uint64_t ticket, struct plk_bytes host, uint16_t port) {
    char name[PLK_RESOLVE_NAME_MAX + 1];
    if (host.len == 0 || host.len > PLK_RESOLVE_NAME_MAX || resolver->count >= PLK_RESOLVE_MAX) return false;
    memcpy(name, host.at, host.len);
    name[host.len] = '\0';
    struct question *question = plk_memory_take(sizeof *question);
    *question = (struct question){.resolver = resolver, .ticket = ticket, .port = port};
    question->request.data = question;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    if (uv_getaddrinfo(resolver->loop, &question->request, on_answer, name, NULL, &hints) != 0) {
        plk_memory_give(question, sizeof *question);
        return false;
    }
    question->next = resolver->questions;
    resolver->questions = question;
    resolver->count++;
    return true;
}
