// SPDX-License-Identifier: MIT
// `chat`: a conversation in the terminal, line by line.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "plain.h"
#include "wire/row.h"

#define SHOWN_FIRST 20

struct sent {
    uint64_t seq;
    bool stored; // a relay keeps it
};

struct chat {
    struct plk_cli *cli;
    json_t *contact; // as it is called, and its PeerID
    char *line;      // being typed
    size_t len;
    size_t unanswered; // sends
    struct sent *sent; // messages of this chat that are not delivered
    size_t sent_count;
    uint64_t shown_seq; // up to here history was shown when the chat began
    bool over;          // no more input
    int status;
};

static void send_line(struct chat *chat, const char *line, size_t len) {
    const char *name = plk_plain_text(chat->contact, "id");
    if (len == 0) return;
    json_t *text = json_stringn(line, len);
    if (text == NULL)
        plk_cli_note("this line is not valid UTF-8; it was not sent");
    else if (len > PLK_BODY_MAX)
        plk_cli_note("this line is too long; it was not sent");
    else if (plk_rpc_send(chat->cli->rpc, "send", json_pack("{s:s, s:O}", "contact", name, "text", text)) != 0)
        chat->unanswered++;
    json_decref(text);
}

// Complete lines are sent; what is longer than any text can be is cut there, and refused when its end comes.
static void take_input(struct chat *chat) {
    size_t room = PLK_BODY_MAX + 2 - chat->len;
    ssize_t got = read(STDIN_FILENO, chat->line + chat->len, room);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) {
        send_line(chat, chat->line, chat->len);
        chat->over = true;
        return;
    }
    size_t end = chat->len + (size_t)got, from = 0;
    for (size_t i = chat->len; i < end; i++) {
        if (chat->line[i] != '\n') continue;
        send_line(chat, chat->line + from, i - from);
        from = i + 1;
    }
    memmove(chat->line, chat->line + from, end - from);
    chat->len = end - from < PLK_BODY_MAX + 1 ? end - from : PLK_BODY_MAX + 1;
}

static void add_sent(struct chat *chat, uint64_t seq) {
    chat->sent = realloc(chat->sent, (chat->sent_count + 1) * sizeof *chat->sent);
    if (chat->sent == NULL) abort();
    chat->sent[chat->sent_count++] = (struct sent){.seq = seq};
}

static size_t count_stored(const struct chat *chat) {
    size_t count = 0;
    for (size_t i = 0; i < chat->sent_count; i++) count += chat->sent[i].stored;
    return count;
}

// Said when the last one has got there: kept by a relay, or delivered; and whenever one comes back.
static void take_state(struct chat *chat, const json_t *event) {
    const char *state = plk_plain_text(event, "state");
    uint64_t seq = plk_plain_count(event, "seq");
    size_t i = 0;
    while (i < chat->sent_count && chat->sent[i].seq != seq) i++;
    if (i == chat->sent_count) return;
    bool was_stored = chat->sent[i].stored;
    chat->sent[i].stored = strcmp(state, "stored") == 0;
    if (strcmp(state, "delivered") == 0 || strcmp(state, "read") == 0 || strcmp(state, "cancelled") == 0)
        chat->sent[i] = chat->sent[--chat->sent_count];
    else if (chat->sent[i].stored == was_stored)
        return;
    if (chat->cli->json || !isatty(STDOUT_FILENO)) return;
    bool all = count_stored(chat) == chat->sent_count;
    if (!all && plk_plain_text(event, "reason")[0] == '\0') return;
    fputs("  (", stdout);
    plk_plain_state(stdout, event);
    puts(")");
}

// What becomes of those that are not delivered when the chat ends.
static void say_left(const struct chat *chat) {
    size_t stored = count_stored(chat), waiting = chat->sent_count - stored;
    if (waiting > 0) {
        plk_cli_note("%zu of your messages %s waiting on this device, and will be delivered while the node runs",
                     waiting, waiting == 1 ? "is" : "are");
    }
    if (stored > 0) {
        plk_cli_note("%zu of your messages %s kept for %s on a relay", stored, stored == 1 ? "is" : "are",
                     plk_plain_text(chat->contact, "name"));
    }
}

// On a terminal what is shown is read; windows of the page see that too.
static void say_read(struct chat *chat, uint64_t seq) {
    if (seq == 0 || !isatty(STDOUT_FILENO)) return;
    json_t *params = json_pack("{s:s, s:I}", "contact", plk_plain_text(chat->contact, "id"), "seq", (json_int_t)seq);
    if (plk_rpc_send(chat->cli->rpc, "read", params) != 0) chat->unanswered++;
}

static void take_event(struct chat *chat, const json_t *event) {
    const char *kind = plk_plain_text(event, "event");
    if (strcmp(plk_plain_text(event, "contact_id"), plk_plain_text(chat->contact, "id")) != 0) return;
    bool out = strcmp(plk_plain_text(event, "direction"), "out") == 0;
    if (chat->cli->json) {
        plk_cli_json(event);
    } else if (strcmp(kind, "message") == 0 && (!out || !isatty(STDIN_FILENO)) &&
               plk_plain_count(event, "seq") > chat->shown_seq) {
        plk_plain_message(stdout, event);
        if (!out) say_read(chat, plk_plain_count(event, "seq"));
    }
    if (out && strcmp(kind, "message") == 0) add_sent(chat, plk_plain_count(event, "seq"));
    if (out && strcmp(kind, "state") == 0) take_state(chat, event);
}

static void take_object(struct chat *chat, const json_t *object) {
    const json_t *event = json_object_get(object, "params"), *error = json_object_get(object, "error");
    if (event != NULL) {
        take_event(chat, event);
        return;
    }
    if (chat->unanswered > 0) chat->unanswered--;
    if (error == NULL) return;
    chat->status = PLK_EXIT_FAILED;
    plk_cli_note("not sent: %s", plk_plain_text(error, "message"));
}

static int talk(struct chat *chat) {
    struct pollfd fds[2] = {{.fd = plk_rpc_fd(chat->cli->rpc), .events = POLLIN},
                            {.fd = STDIN_FILENO, .events = POLLIN}};
    while (!chat->over || chat->unanswered > 0) {
        for (json_t *object; (object = plk_rpc_next(chat->cli->rpc, false)) != NULL; json_decref(object))
            take_object(chat, object);
        fflush(stdout);
        if (plk_rpc_gone(chat->cli->rpc)) return plk_cli_fail(PLK_EXIT_FAILED, "the node has stopped");
        if (chat->over && chat->unanswered == 0) break;
        if (poll(fds, chat->over ? 1 : 2, -1) < 0 && errno != EINTR) break;
        if (!chat->over && fds[1].revents != 0) take_input(chat);
    }
    if (!chat->cli->json) say_left(chat);
    return chat->status;
}

// The contact that the argument names, as an object of `contacts`.
static int find_contact(struct plk_cli *cli, json_t **contact) {
    json_t *result = NULL, *params = json_object();
    if (!plk_cli_set(params, "contact", cli->args[0])) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    int status = plk_cli_call(cli, "why", json_incref(params), contact);
    if (status == PLK_EXIT_DONE) status = plk_cli_call(cli, "connect", json_incref(params), &result);
    json_decref(result);
    json_decref(params);
    return status;
}

// The last messages. What comes while they are read is neither missed nor shown twice: events are watched from before.
static int show_first(struct chat *chat, json_t **since) {
    json_t *status = NULL, *result = NULL;
    int end = plk_cli_call(chat->cli, "status", NULL, &status);
    if (end != PLK_EXIT_DONE) return end;
    *since = json_pack("{s:I}", "since", (json_int_t)plk_plain_count(status, "last_event"));
    json_decref(status);
    json_t *params = json_pack("{s:s, s:i}", "contact", plk_plain_text(chat->contact, "id"), "limit", SHOWN_FIRST);
    end = plk_cli_call(chat->cli, "history", params, &result);
    if (end == PLK_EXIT_DONE) chat->shown_seq = plk_command_print_messages(chat->cli, result);
    json_decref(result);
    return end;
}

int plk_command_chat(struct plk_cli *cli) {
    struct chat chat = {.cli = cli};
    json_t *result = NULL, *since = NULL;
    int status = plk_cli_connect(cli);
    if (status == PLK_EXIT_DONE) status = find_contact(cli, &chat.contact);
    if (status == PLK_EXIT_DONE && isatty(STDOUT_FILENO)) status = show_first(&chat, &since);
    if (status == PLK_EXIT_DONE) status = plk_cli_call(cli, "watch", json_incref(since), &result);
    json_decref(since);
    json_decref(result);
    if (status == PLK_EXIT_DONE) {
        chat.line = malloc(PLK_BODY_MAX + 2);
        if (chat.line == NULL) abort();
        say_read(&chat, chat.shown_seq);
        status = talk(&chat);
        free(chat.line);
        free(chat.sent);
    }
    json_decref(chat.contact);
    return status;
}
