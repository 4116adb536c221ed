// SPDX-License-Identifier: MIT
#include "relay/lobby.h"

void plk_lobby_init(struct plk_lobby *lobby) {
    *lobby = (struct plk_lobby){.first = NULL};
    lobby->last = &lobby->first;
}

void plk_lobby_free(struct plk_lobby *lobby, struct plk_mem *mem) {
    for (struct plk_guest *guest; (guest = plk_lobby_leave(lobby)) != NULL;) plk_mem_give(mem, guest);
}

bool plk_lobby_take_turn(struct plk_lobby *lobby, uint64_t now_us) {
    if (lobby->turn_us != now_us) plk_lobby_next_turn(lobby);
    lobby->turn_us = now_us;
    return lobby->turn_count++ < PLK_LOBBY_TURN;
}

void plk_lobby_next_turn(struct plk_lobby *lobby) { lobby->turn_count = 0; }

void plk_lobby_wait(struct plk_lobby *lobby, struct plk_mem *mem, const struct plk_guest *guest,
                    struct plk_bytes hello) {
    plk_assert(!plk_lobby_full(lobby));
    struct plk_guest *copy = plk_mem_take(mem, sizeof *copy + hello.len);
    *copy = *guest;
    copy->next = NULL;
    copy->len = hello.len;
    memcpy(copy->hello, hello.at, hello.len);
    *lobby->last = copy;
    lobby->last = &copy->next;
    lobby->count++;
}

struct plk_guest *plk_lobby_leave(struct plk_lobby *lobby) {
    struct plk_guest *guest = lobby->first;
    if (guest == NULL) return NULL;
    lobby->first = guest->next;
    if (lobby->first == NULL) lobby->last = &lobby->first;
    lobby->count--;
    return guest;
}
