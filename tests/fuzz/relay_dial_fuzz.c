// SPDX-License-Identifier: MIT
// A dial and its relay; the input is the schedule: time, UDP and TCP that work or do not, cookies, restarts, closed and broken
// streams, changes of network, packets and stream bytes of anybody. Whatever happens, memory is bounded, streams are its own,
// and once the network is well it is connected; one that is carried by another channel is then, or is over.
#include "support/relay_dial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool carried;

static void restart_relay(void) {
    plk_relay_channel_free(channel);
    channel = NULL;
    jar = (struct plk_cookie_jar){0};
}

// Somebody's packet, or what a stream of ours says that has gone mad.
static void garbage(uint8_t argument, const uint8_t *rest, size_t rest_len) {
    static uint8_t text[PLK_PACKET_MAX];
    struct plk_relay_channel_passed passed;
    struct plk_packet packet;
    struct plk_input input = {.kind = PLK_IN_STREAM};
    size_t len = rest_len < 400 ? rest_len : 400;
    if (argument < 128) {
        if (plk_packet_decode(&packet, plk_bytes(rest, len)) != PLK_ERR_OK) return;
        plk_relay_dial_packet(d, now_us, &me, &packet, &rng, text, &passed);
        return;
    }
    input.stream.stream = FIRST_STREAM + argument % 4;
    input.stream.event = PLK_STREAM_BYTES;
    input.stream.data = plk_bytes(rest, len);
    plk_assert(plk_relay_dial_stream(d, now_us, &input));
    while (plk_relay_dial_framed(d, now_us, &rng, text, &passed)) {}
}

static void act(uint8_t act, uint8_t argument, const uint8_t *rest, size_t rest_len) {
    switch (act % 12) {
    case 0:
        run(argument * 10 * PLK_MS);
        break;
    case 1:
        run(argument * PLK_SECOND);
        break;
    case 2:
        udp_works = argument < 128;
        break;
    case 3:
        tcp_works = argument < 128;
        break;
    case 4:
        wants_cookie = argument < 128;
        break;
    case 5:
        restart_relay();
        break;
    case 6:
        client.port = argument;
        if (argument < 64 && !carried) plk_relay_dial_hurry(d, now_us); // its owner makes another
        break;
    case 7:
        knows_name = argument < 128;
        break;
    case 8:
        stream_event(FIRST_STREAM + argument % 4, argument < 128 ? PLK_STREAM_CLOSED : PLK_STREAM_WRITABLE);
        break;
    case 9:
        if (channel != NULL) plk_relay_channel_close(channel);
        break;
    case 10:
        garbage(argument, rest, rest_len);
        break;
    default:
        if (plk_relay_dial_channel(d) != NULL) plk_relay_channel_ping(plk_relay_dial_channel(d), now_us);
    }
    settle();
    plk_assert(mem.used < 256 * 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    carried = size % 2 == 1;
    if (carried) {
        set_up_carried(NULL);
    } else {
        set_up(NULL);
    }
    for (size_t i = 0; i + 1 < size && i < 120; i += 2) act(data[i], data[i + 1], data + i + 2, size - i - 2);
    udp_works = tcp_works = knows_name = true;
    restart_relay();
    run(2 * PLK_RELAY_DIAL_PAUSE_MAX_US);
    plk_assert(carried ? plk_relay_dial_status(d).over || connected() : connected());
    plk_assert(!carried || opened + resolves == 0);
    tear_down(NULL);
    return 0;
}
