// SPDX-License-Identifier: MIT
#include "host/upnp.h"

#include "host/address.h"
#include "host/entropy.h"
#include "host/memory.h"
#include "host/upnp_ask.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define SSDP_PORT 1900
#define SSDP_GROUP "239.255.255.250"
#define SSDP_BUFFER 2048

// A visit to the router, on another thread. It may outlive who has asked.
struct visit {
    uv_work_t work;
    struct plk_upnp *upnp; // NULL: gone
    struct plk_upnp_job job;
};

// A socket on the router's side that waits for answers. It closes by itself when it is not needed any more.
struct search {
    uv_udp_t sock;
    struct plk_upnp *upnp; // NULL: gone
    char buffer[SSDP_BUFFER];
};

struct plk_upnp {
    uv_loop_t *loop;
    struct plk_log log;
    struct plk_upnp_events on;
    void *ctx;
    uv_timer_t timer;
    unsigned searches;
    struct plk_gateway gateway; // family 0: none
    uint16_t udp, tcp;
    struct search *search;    // under way, or NULL
    struct visit *visit;      // likewise
    struct plk_upnp_job held; // as it was last answered; url empty: no router is known
};

static void on_timer(uv_timer_t *timer);

bool plk_upnp_is_built(void) {
#ifdef PLK_UPNP
    return true;
#else
    return false;
#endif
}

struct plk_upnp *plk_upnp_open(uv_loop_t *loop, const struct plk_log *log, const struct plk_upnp_events *on,
                               void *ctx) {
    if (!plk_upnp_is_built()) return NULL;
    struct plk_upnp *upnp = plk_memory_take(sizeof *upnp);
    upnp->loop = loop;
    upnp->log = *log;
    upnp->on = *on;
    upnp->ctx = ctx;
    plk_assert(uv_timer_init(loop, &upnp->timer) == 0);
    upnp->timer.data = upnp;
    return upnp;
}

// ---- what is held -------------------------------------------------------------------------------------------------------

static void tell(struct plk_upnp *upnp) {
    struct plk_mapping list[PLK_UPNP_PORTS];
    size_t count = 0;
    for (size_t i = 0; i < upnp->held.count; i++) {
        if (upnp->held.ports[i].external.family != 0) list[count++] = upnp->held.ports[i];
    }
    upnp->on.held(upnp->ctx, list, count);
}

static void search_from_anew(struct plk_upnp *upnp, uint64_t after_ms) {
    upnp->searches = 0;
    upnp->held.url[0] = '\0';
    uv_timer_start(&upnp->timer, on_timer, after_ms, 0);
}

void plk_upnp_tell(struct plk_upnp *upnp) {
    if (upnp != NULL && upnp->held.count > 0) tell(upnp);
}

// ---- asking -------------------------------------------------------------------------------------------------------------

static void work(uv_work_t *request) {
    struct visit *visit = request->data;
    plk_upnp_ask(&visit->job);
}

static bool is_of_now(const struct plk_upnp *upnp, const struct plk_upnp_job *job) {
    return plk_addr_same_ip(&upnp->gateway.addr, &job->router) && plk_addr_same_ip(&upnp->gateway.local, &job->local);
}

static void after_work(uv_work_t *request, int status) {
    struct visit *visit = request->data;
    struct plk_upnp *upnp = visit->upnp;
    if (upnp != NULL) upnp->visit = NULL;
    if (upnp != NULL && status == 0 && is_of_now(upnp, &visit->job)) {
        upnp->held = visit->job;
        if (visit->job.error != 0) plk_log(&upnp->log, PLK_LOG_DEBUG, "UPnP: the router says %d", visit->job.error);
        tell(upnp);
        if (visit->job.control[0] == '\0') search_from_anew(upnp, PLK_UPNP_RENEW_MS); // it is gone, or another one
    }
    plk_memory_give(visit, sizeof *visit);
}

static void visit_router(struct plk_upnp *upnp) {
    if (upnp->visit != NULL || !upnp->on.wanted(upnp->ctx)) return;
    struct visit *visit = plk_memory_take(sizeof *visit);
    struct plk_upnp_job *job = &visit->job;
    visit->upnp = upnp;
    visit->work.data = visit;
    *job = upnp->held; // outer ports that were given once are asked for again
    job->control[0] = '\0';
    plk_entropy_bytes(&job->random, sizeof job->random);
    upnp->visit = visit;
    plk_assert(uv_queue_work(upnp->loop, &visit->work, work, after_work) == 0);
}

// ---- searching ----------------------------------------------------------------------------------------------------------

static void on_search_closed(uv_handle_t *handle) {
    struct search *search = handle->data;
    plk_memory_give(search, sizeof *search);
}

static void end_search(struct plk_upnp *upnp) {
    if (upnp->search == NULL) return;
    upnp->search->upnp = NULL;
    uv_close((uv_handle_t *)&upnp->search->sock, on_search_closed);
    upnp->search = NULL;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    struct search *search = handle->data;
    (void)suggested;
    *buf = uv_buf_init(search->buffer, sizeof search->buffer);
}

static void on_answer(uv_udp_t *sock, ssize_t len, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags) {
    struct search *search = sock->data;
    struct plk_upnp *upnp = search->upnp;
    char url[PLK_UPNP_URL_MAX];
    (void)flags;
    if (len <= 0 || from == NULL || upnp == NULL) return;
    struct plk_addr addr = plk_address_from_system(from);
    if (!plk_addr_same_ip(&addr, &upnp->gateway.addr)) return;
    if (!plk_upnp_read_answer(buf->base, (size_t)len, &upnp->gateway.addr, url)) return;
    end_search(upnp);
    snprintf(upnp->held.url, sizeof upnp->held.url, "%s", url);
    uv_timer_start(&upnp->timer, on_timer, PLK_UPNP_RENEW_MS, 0);
    visit_router(upnp);
}

static bool begin_search(struct plk_upnp *upnp) {
    struct search *search = plk_memory_take(sizeof *search);
    struct sockaddr_storage here;
    char local[INET_ADDRSTRLEN];
    search->upnp = upnp;
    search->sock.data = search;
    upnp->search = search;
    plk_assert(uv_udp_init(upnp->loop, &search->sock) == 0);
    plk_address_to_system(&upnp->gateway.local, &here);
    inet_ntop(AF_INET, upnp->gateway.local.ip, local, sizeof local);
    bool good = uv_udp_bind(&search->sock, (struct sockaddr *)&here, 0) == 0 &&
                uv_udp_set_multicast_interface(&search->sock, local) == 0 &&
                uv_udp_recv_start(&search->sock, on_alloc, on_answer) == 0;
    if (!good) end_search(upnp);
    return good;
}

static void send_search(struct plk_upnp *upnp) {
    static char text[] = "M-SEARCH * HTTP/1.1\r\n"
                         "HOST: " SSDP_GROUP ":1900\r\n"
                         "MAN: \"ssdp:discover\"\r\n"
                         "MX: 1\r\n"
                         "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n";
    struct sockaddr_in group;
    uv_buf_t buf = uv_buf_init(text, sizeof text - 1);
    plk_assert(uv_ip4_addr(SSDP_GROUP, SSDP_PORT, &group) == 0);
    if (uv_udp_try_send(&upnp->search->sock, &buf, 1, (struct sockaddr *)&group) < 0) return; // the next may leave
}

static void on_timer(uv_timer_t *timer) {
    struct plk_upnp *upnp = timer->data;
    if (upnp->held.url[0] != '\0') {
        uv_timer_start(&upnp->timer, on_timer, PLK_UPNP_RENEW_MS, 0);
        visit_router(upnp);
        return;
    }
    if (upnp->searches == PLK_UPNP_SEARCHES) { // nobody is there; perhaps later
        end_search(upnp);
        search_from_anew(upnp, 2 * PLK_UPNP_RENEW_MS);
        return;
    }
    if (upnp->search == NULL && !begin_search(upnp)) return;
    uint64_t wait_ms = UINT64_C(1000) << upnp->searches++;
    send_search(upnp);
    uv_timer_start(&upnp->timer, on_timer, wait_ms, 0);
}

// ---- the owner's calls --------------------------------------------------------------------------------------------------

void plk_upnp_set(struct plk_upnp *upnp, const struct plk_gateway *gateway, uint16_t udp, uint16_t tcp) {
    if (upnp == NULL) return;
    bool same = plk_addr_same_ip(&gateway->addr, &upnp->gateway.addr) && udp == upnp->udp && tcp == upnp->tcp &&
                plk_addr_same_ip(&gateway->local, &upnp->gateway.local);
    if (same) return;
    bool held = upnp->held.count > 0;
    upnp->gateway = *gateway;
    upnp->udp = udp;
    upnp->tcp = tcp;
    end_search(upnp);
    uv_timer_stop(&upnp->timer);
    // What the old router holds cannot be given back from here: it ends with its lease.
    upnp->held = (struct plk_upnp_job){.count = 0};
    if (held) tell(upnp);
    if (gateway->addr.family != 4 || (udp == 0 && tcp == 0)) return;
    upnp->held.router = gateway->addr;
    upnp->held.local = gateway->local;
    const uint16_t ports[PLK_UPNP_PORTS] = {udp, tcp};
    for (size_t i = 0; i < PLK_UPNP_PORTS; i++) {
        if (ports[i] == 0) continue;
        struct plk_mapping *port = &upnp->held.ports[upnp->held.count++];
        *port = (struct plk_mapping){.transport = i == 0 ? PLK_UDP : PLK_TCP, .by = PLK_MAPPING_UPNP};
        port->internal = gateway->local;
        port->internal.port = ports[i];
    }
    search_from_anew(upnp, PLK_UPNP_BEGIN_MS);
}

static void on_closed(uv_handle_t *handle) { plk_memory_give(handle->data, sizeof(struct plk_upnp)); }

void plk_upnp_close(struct plk_upnp *upnp) {
    if (upnp == NULL) return;
    end_search(upnp);
    if (upnp->visit != NULL) {
        upnp->visit->upnp = NULL;
        uv_cancel((uv_req_t *)&upnp->visit->work);
    }
    if (upnp->held.control[0] != '\0') plk_upnp_give_back(&upnp->held);
    uv_close((uv_handle_t *)&upnp->timer, on_closed);
}
