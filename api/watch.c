// SPDX-License-Identifier: MIT
// Events to those who watch. Durable ones are read from the store from where each client is, so nothing is kept for a slow
// one; paths are told as they are once it has caught up.
#include "api/client.h"
#include "api/json.h"

static void write_params(struct plk_client *client, json_t *params) {
    if (params == NULL) return;
    json_t *object = json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", "event", "params", params);
    if (object == NULL) return;
    plk_client_write(client, object);
    json_decref(object);
}

static void write_event(struct plk_client *client, const struct plk_history_event *event) {
    struct plk_contact_view view;
    const struct plk_node *node = plk_host_node(client->api->host);
    bool known = plk_node_contact(node, event->event.contact, &view) == PLK_ERR_OK;
    write_params(client, plk_json_event(event, known ? &view : NULL));
}

// One page of durable events; false when there is nothing more, or no room.
static bool pump_page(struct plk_client *client) {
    struct plk_history_events page = {0};
    struct plk_history *history = plk_host_history(client->api->host);
    if (!plk_client_has_room(client) || client->seen >= client->api->last_event) return false;
    if (history == NULL || plk_history_events(history, client->seen, PLK_API_EVENTS_PAGE, &page) != PLK_ERR_OK)
        return false;
    // It has not read for longer than events are kept: when it connects again it is told what that means.
    if (page.first > client->seen + 1) client->ending = true;
    size_t i = 0;
    for (; !client->ending && i < page.count && plk_client_has_room(client); i++) {
        write_event(client, &page.events[i]);
        client->seen = page.events[i].event.n;
    }
    bool all = i == page.count;
    // Numbers without a row: never waited for again.
    if (all && !page.more && page.last > client->seen) client->seen = page.last;
    bool more = all && page.more;
    plk_history_events_free(&page);
    return more;
}

static void pump_paths(struct plk_client *client) {
    for (size_t i = 0; i < sizeof client->paths / sizeof client->paths[0] && client->paths[i] != 0; i++) {
        struct plk_history_event event = {
            .event = {.n = client->seen, .kind = PLK_EVENT_PATH, .contact = client->paths[i]}};
        client->paths[i] = 0;
        write_event(client, &event);
    }
}

// ---- relays -----------------------------------------------------------------------------------------------------------

static struct plk_watched_relay copy_relay(const struct plk_relay_view *view) {
    struct plk_watched_relay copy = {.view = *view};
    plk_assert(view->host.len <= sizeof copy.host);
    memcpy(copy.host, view->host.at, view->host.len);
    return copy;
}

// host is only compared and read through this: a copy that was moved borrows from where it is now.
static struct plk_relay_view *view_of(struct plk_watched_relay *relay) {
    relay->view.host.at = (const uint8_t *)relay->host;
    return &relay->view;
}

// What is worth an event: round trips and numbers of attempts are not.
static bool looks_the_same(const struct plk_relay_view *a, const struct plk_relay_view *b) {
    return a->connected == b->connected && a->adopted == b->adopted && a->learned == b->learned &&
           a->friend == b->friend && a->port == b->port && (!a->connected || a->transport == b->transport) &&
           (a->refused > 0) == (b->refused > 0) && plk_bytes_equal(a->host, b->host);
}

static struct plk_watched_relay *find_relay(struct plk_watched_relay *list, size_t count, const uint8_t key[32]) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(list[i].view.key, key, 32) == 0) return &list[i];
    }
    return NULL;
}

static size_t list_relays(const struct plk_client *client, struct plk_watched_relay list[PLK_WATCH_RELAYS_MAX]) {
    struct plk_relay_view view;
    size_t count = 0;
    const struct plk_node *node = plk_host_node(client->api->host);
    for (; count < PLK_WATCH_RELAYS_MAX && plk_node_relay(node, count, &view); count++) list[count] = copy_relay(&view);
    return count;
}

static void pump_relays(struct plk_client *client) {
    struct plk_watched_relay list[PLK_WATCH_RELAYS_MAX];
    size_t count = list_relays(client, list);
    client->relays_changed = false;
    for (size_t i = 0; i < client->relay_count; i++) {
        if (find_relay(list, count, client->relays[i].view.key) == NULL)
            write_params(client, plk_json_relay_event(plk_host_node(client->api->host), client->seen,
                                                      view_of(&client->relays[i]), true));
    }
    for (size_t i = 0; i < count; i++) {
        struct plk_watched_relay *before = find_relay(client->relays, client->relay_count, list[i].view.key);
        if (before == NULL || !looks_the_same(view_of(before), view_of(&list[i])))
            write_params(
                client, plk_json_relay_event(plk_host_node(client->api->host), client->seen, view_of(&list[i]), false));
    }
    memcpy(client->relays, list, count * sizeof list[0]);
    client->relay_count = count;
}

void plk_watch_relays(struct plk_api *api) {
    for (struct plk_client *client = api->clients; client != NULL; client = client->next) {
        client->relays_changed = client->relays_changed || client->watching;
    }
}

static void pump_state(struct plk_client *client) {
    client->state_changed = false;
    write_params(client, json_pack("{s:I, s:s, s:s}", "n", (json_int_t)client->seen, "event", "node", "node",
                                   plk_method_state_word(client->api->host)));
}

static bool is_open(const struct plk_api *api) {
    const struct plk_node *node = plk_host_node(api->host);
    return node != NULL && plk_node_state(node) == PLK_NODE_READY;
}

void plk_watch_state(struct plk_api *api) {
    for (struct plk_client *client = api->clients; client != NULL; client = client->next) {
        client->state_changed = client->watching;
        memset(client->paths, 0, sizeof client->paths);
    }
}

void plk_watch_pump(struct plk_client *client) {
    if (!client->watching || client->closing || client->ending || client->eof) return;
    if (client->state_changed) pump_state(client);
    if (!is_open(client->api)) return;
    if (client->from_now) client->seen = client->api->last_event;
    client->from_now = false;
    while (pump_page(client)) continue;
    if (client->seen < client->api->last_event || !plk_client_has_room(client)) return;
    pump_paths(client);
    if (client->relays_changed) pump_relays(client);
}

void plk_watch_path(struct plk_api *api, uint32_t contact) {
    for (struct plk_client *client = api->clients; client != NULL; client = client->next) {
        size_t count = sizeof client->paths / sizeof client->paths[0];
        if (!client->watching) continue;
        for (size_t i = 0; i < count; i++) {
            // More changes than places: what is told later is told as it is then.
            if (client->paths[i] != 0 && client->paths[i] != contact) continue;
            client->paths[i] = contact;
            break;
        }
    }
}

// The number of the oldest event that is kept; 0: none is known.
static uint64_t first_event(const struct plk_call *call) {
    struct plk_history_events page = {0};
    if (call->history == NULL || plk_history_events(call->history, 0, 1, &page) != PLK_ERR_OK) return 0;
    uint64_t first = page.first;
    plk_history_events_free(&page);
    return first;
}

// Until a profile is open nobody knows which events there are: they are told from there on when it is.
static void watch_closed(struct plk_call *call) {
    struct plk_client *client = call->owner;
    client->watching = true;
    client->state_changed = false;
    client->seen = plk_call_count(call, "since");
    client->from_now = !plk_call_has(call, "since") && plk_host_locked(call->host);
    client->relay_count = 0;
    memset(client->paths, 0, sizeof client->paths);
    plk_call_answer(call, json_pack("{s:I, s:b}", "since", (json_int_t)client->seen, "gap", 0));
}

void plk_method_watch(struct plk_call *call) {
    struct plk_client *client = call->owner;
    if (!is_open(call->api)) {
        watch_closed(call);
        return;
    }
    struct plk_profile_view profile;
    enum plk_err err = plk_node_profile(plk_host_node(call->host), &profile);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    if (profile.last_event > call->api->last_event) call->api->last_event = profile.last_event;
    uint64_t last = call->api->last_event;
    uint64_t since = plk_call_has(call, "since") ? plk_call_count(call, "since") : last;
    if (since > last) {
        plk_call_err(call, PLK_ERR_INVALID, "event %llu has not happened here: the last one is %llu",
                     (unsigned long long)since, (unsigned long long)last);
        return;
    }
    uint64_t oldest = first_event(call);
    bool gap = oldest > since + 1;
    client->watching = true;
    client->seen = gap ? oldest - 1 : since;
    client->from_now = client->state_changed = false;
    memset(client->paths, 0, sizeof client->paths);
    client->relays_changed = false;
    client->relay_count = list_relays(client, client->relays);
    plk_call_answer(call, json_pack("{s:I, s:b}", "since", (json_int_t)client->seen, "gap", gap));
}

void plk_method_unwatch(struct plk_call *call) {
    struct plk_client *client = call->owner;
    client->watching = false;
    plk_call_answer(call, json_pack("{s:b}", "done", 1));
}
