// SPDX-License-Identifier: MIT
// Figures for whoever watches over a relay, by HTTP on 127.0.0.1: /metrics (Prometheus' text format: counters and gauges of
// the whole relay, nothing of any client or queue) and /healthz (200 "ok", or 503 while the disk takes nothing).
#ifndef PLK_PEERLINK_RELAY_METRICS_H
#define PLK_PEERLINK_RELAY_METRICS_H

#include "host/relay_host.h"

#define PLK_METRICS_CLIENTS_MAX 16
#define PLK_METRICS_REQUEST_MAX 4096
#define PLK_METRICS_CLIENT_MS 5000 // for a request and its answer

struct plk_metrics;

// LISTEN: the port is taken. host is borrowed.
enum plk_fault_kind plk_metrics_open(struct plk_metrics **out, struct plk_relay_host *host, uint16_t port,
                                     struct plk_fault *fault);
void plk_metrics_close(struct plk_metrics *metrics); // done when the loop has run again; NULL is fine

#endif
