// SPDX-License-Identifier: MIT
#include "node/loads.h"

void plk_loads_init(struct plk_loads *loads, struct plk_mem *mem) {
    *loads = (struct plk_loads){.mem = mem, .next_ticket = 1};
}

void plk_loads_free(struct plk_loads *loads) {
    while (loads->first != NULL) plk_loads_remove(loads, loads->first);
}

static struct plk_bytes keep(uint8_t *to, struct plk_bytes key) {
    plk_assert(key.len <= PLK_ROW_KEY_MAX);
    if (key.len > 0) memcpy(to, key.at, key.len);
    return plk_bytes(to, key.len);
}

void plk_loads_ask(struct plk_loads *loads, enum plk_load_kind kind, uint32_t contact, unsigned what,
                   enum plk_table table, struct plk_bytes from, struct plk_bytes to, uint32_t limit, bool reverse,
                   uint64_t after_n) {
    struct plk_load *load = plk_mem_take(loads->mem, sizeof *load);
    *load = (struct plk_load){.ticket = loads->next_ticket++, .kind = kind, .contact = contact, .what = what};
    load->after_n = after_n;
    load->output.kind = PLK_OUT_LOAD;
    load->output.load.ticket = load->ticket;
    load->output.load.table = table;
    load->output.load.limit = limit;
    load->output.load.reverse = reverse;
    load->output.load.from = keep(load->from, from);
    load->output.load.to = keep(load->to, to);
    struct plk_load **at = &loads->first; // in the order in which they were asked
    while (*at != NULL) at = &(*at)->next;
    *at = load;
}

bool plk_loads_next(struct plk_loads *loads, uint64_t emitted_n, struct plk_output *output) {
    for (struct plk_load *load = loads->first; load != NULL; load = load->next) {
        if (load->handed || load->after_n > emitted_n) continue;
        load->handed = true;
        *output = load->output;
        return true;
    }
    return false;
}

struct plk_load *plk_loads_find(struct plk_loads *loads, uint64_t ticket) {
    struct plk_load *load = loads->first;
    while (load != NULL && load->ticket != ticket) load = load->next;
    return load;
}

void plk_loads_remove(struct plk_loads *loads, struct plk_load *load) {
    struct plk_load **at = &loads->first;
    while (*at != load) at = &(*at)->next;
    *at = load->next;
    plk_mem_give(loads->mem, load);
}

void plk_loads_forget(struct plk_loads *loads, uint32_t contact) {
    for (struct plk_load **at = &loads->first; *at != NULL;) {
        struct plk_load *load = *at;
        bool its = load->kind == PLK_LOAD_CONTACT || load->kind == PLK_LOAD_MAIL || load->kind == PLK_LOAD_MARKS ||
                   load->kind == PLK_LOAD_PICTURE;
        bool drop = load->contact == contact && its;
        if (!drop) {
            at = &load->next;
            continue;
        }
        *at = load->next;
        plk_mem_give(loads->mem, load);
    }
}

bool plk_loads_pending(const struct plk_loads *loads, enum plk_load_kind kind, uint32_t contact) {
    for (const struct plk_load *load = loads->first; load != NULL; load = load->next) {
        if (load->kind == kind && load->contact == contact) return true;
    }
    return false;
}
