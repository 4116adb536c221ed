// SPDX-License-Identifier: MIT
// Commands wait until the node has loaded, is not just being asked and has room on its way to the disk; their results come
// back by ticket.
#include "host/host_inside.h"

#include "host/memory.h"

#define RANGES 9

// The ranges of a command, in the order in which their bytes are kept.
static void ranges(struct plk_command *command, struct plk_bytes *out[RANGES]) {
    struct plk_bytes *all[] = {&command->text, &command->name,   &command->note, &command->about,  &command->caller_id,
                               &command->seed, &command->backup, &command->data, &command->preview};
    memcpy(out, all, sizeof all);
}

static struct plk_host_pending *copy(const struct plk_command *from) {
    struct plk_command command = *from;
    struct plk_bytes *parts[RANGES];
    ranges(&command, parts);
    size_t len = 0;
    for (size_t i = 0; i < RANGES; i++) len += parts[i]->len;
    struct plk_host_pending *pending = plk_memory_take(sizeof *pending + len);
    pending->len = sizeof *pending + len;
    uint8_t *at = (uint8_t *)(pending + 1);
    for (size_t i = 0; i < RANGES; i++) {
        // An absent range (at NULL) and an empty one are not the same to PROFILE.
        if (parts[i]->at == NULL) continue;
        if (parts[i]->len > 0) memcpy(at, parts[i]->at, parts[i]->len);
        *parts[i] = plk_bytes(at, parts[i]->len);
        at += parts[i]->len;
    }
    pending->command = command;
    return pending;
}

enum plk_err plk_host_command(struct plk_host *host, const struct plk_command *command, plk_host_result *result,
                              void *ctx) {
    if (host->locked) return PLK_ERR_LOCKED;
    if (host->command_count >= PLK_HOST_COMMANDS_MAX) return PLK_ERR_BUSY;
    struct plk_host_pending *pending = copy(command);
    pending->command.ticket = ++host->last_ticket;
    pending->result = result;
    pending->ctx = ctx;
    *host->commands_end = pending;
    host->commands_end = &pending->next;
    if (host->ungiven == NULL) host->ungiven = pending;
    host->command_count++;
    host->dirty = true; // the end of this turn of the loop gives it to the node
    return PLK_ERR_OK;
}

void plk_host_commands_give(struct plk_host *host) {
    // The rest follows when the disk has caught up: a program that sends in a stream is slowed down, not refused.
    while (host->ungiven != NULL && !plk_node_is_busy(host->node)) {
        struct plk_host_pending *pending = host->ungiven;
        host->ungiven = pending->next;
        struct plk_input input = {.kind = PLK_IN_COMMAND, .command = pending->command};
        plk_host_input(host, &input);
    }
}

static void finish(struct plk_host_pending *pending, const struct plk_output *output) {
    if (pending->result != NULL) pending->result(pending->ctx, output);
    plk_memory_give(pending, pending->len);
}

void plk_host_commands_result(struct plk_host *host, const struct plk_output *output) {
    struct plk_host_pending **link = &host->commands;
    while (*link != NULL && (*link)->command.ticket != output->result.ticket) link = &(*link)->next;
    struct plk_host_pending *pending = *link;
    if (pending == NULL) return;
    *link = pending->next;
    if (host->commands_end == &pending->next) host->commands_end = link;
    host->command_count--;
    finish(pending, output);
}

void plk_host_commands_fail(struct plk_host *host) {
    struct plk_host_pending *pending = host->commands;
    host->commands = host->ungiven = NULL;
    host->commands_end = &host->commands;
    host->command_count = 0;
    for (struct plk_host_pending *next; pending != NULL; pending = next) {
        next = pending->next;
        struct plk_output output = {.kind = PLK_OUT_RESULT,
                                    .result = {.ticket = pending->command.ticket, .err = PLK_ERR_CLOSED}};
        finish(pending, &output);
    }
}
