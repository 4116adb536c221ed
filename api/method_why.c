// SPDX-License-Identifier: MIT
// Why this path to a contact: what stands between, every known way, what was tried.
#include "api/client.h"
#include "api/json.h"
#include "api/why_words.h"

// Seconds from now until then, or from then until now; null for never and for 0.
static json_t *seconds(uint64_t now_us, uint64_t then_us) {
    if (then_us == 0 || then_us == PLK_NEVER) return json_null();
    uint64_t apart_us = then_us > now_us ? then_us - now_us : now_us - then_us;
    return json_real((double)apart_us / 1e6);
}

static json_t *way_object(const struct plk_way_view *way, uint64_t now_us) {
    json_t *next = way->next_try_us > now_us ? seconds(now_us, way->next_try_us) : json_null();
    json_t *through = way->through_host.len > 0 ? plk_json_place(way->through_host, way->through_port) : json_null();
    return json_pack(
        "{s:s, s:o, s:s, s:s, s:o, s:I, s:o, s:o, s:o}", "transport",
        way->transport == PLK_PASS ? "relay" : plk_json_transport(way->transport), "address",
        way->transport == PLK_PASS ? plk_json_place(way->relay_host, way->relay_port) : plk_json_addr(&way->addr),
        "source", way->source, "state", way->state, "through", through, "tries", (json_int_t)way->tries, "rtt_ms",
        plk_json_ms(way->rtt_us), "last_heard_s", seconds(now_us, way->last_heard_us), "next_try_s", next);
}

static json_t *step_object(const struct plk_step_view *step, uint64_t now_us) {
    json_t *transport = json_null(), *address = json_null();
    if (step->transport == PLK_PASS) {
        transport = json_string("relay");
        if (step->relay_host.len > 0) address = plk_json_place(step->relay_host, step->relay_port);
    } else if (step->transport != 0) {
        transport = json_string(plk_json_transport(step->transport));
        address = plk_json_addr(&step->addr);
    }
    return json_pack("{s:f, s:s, s:o, s:o, s:I}", "ago_s", (double)(now_us - step->at_us) / 1e6, "what", step->what,
                     "transport", transport, "address", address, "times", (json_int_t)step->count);
}

static json_t *attempt_object(const struct plk_why_view *why, uint64_t now_us) {
    json_t *next = why->again_us > now_us ? seconds(now_us, why->again_us) : json_null();
    return json_pack("{s:s, s:I, s:I, s:o}", "what", plk_effort_word(why->effort), "sockets", (json_int_t)why->sockets,
                     "failed", (json_int_t)why->failed, "next_try_s", next);
}

void plk_method_why(struct plk_call *call) {
    struct plk_contact_row contact;
    struct plk_contact_view view;
    struct plk_why_view why;
    struct plk_way_view way;
    struct plk_step_view step;
    char words[PLK_WHY_WORDS_MAX];
    const struct plk_node *node = plk_host_node(call->host);
    uint64_t now_us = plk_host_now(call->host).mono_us;
    if (!plk_call_contact(call, &contact)) return;
    enum plk_err err = plk_node_contact(node, contact.contact, &view);
    if (err == PLK_ERR_OK) err = plk_node_why(node, contact.contact, &why);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    plk_why_words(words, &view, &why, now_us);
    json_t *ways = json_array(), *steps = json_array();
    for (size_t i = 0; plk_node_step(node, contact.contact, i, &step); i++)
        json_array_append_new(steps, step_object(&step, now_us));
    for (size_t i = 0; plk_node_way(node, contact.contact, i, &way); i++)
        json_array_append_new(ways, way_object(&way, now_us));
    json_t *next = view.next_try_us > now_us ? seconds(now_us, view.next_try_us) : json_null();
    json_t *object =
        json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "name",
                  plk_json_text(plk_bytes(contact.name, contact.name_len)), "id", plk_json_peer_id(contact.peer_id),
                  "explanation", words, "own", plk_standing_word(why.own), "theirs", plk_standing_word(why.theirs),
                  "attempt", attempt_object(&why, now_us), "next_try_s", next, "ways", ways, "steps", steps);
    plk_json_presence(object, &view);
    plk_call_answer(call, object);
}
