// SPDX-License-Identifier: MIT
// Figures for whoever watches over a relay, by HTTP on 127.0.0.1: /metrics (Prometheus' text format: counters and gauges of
// the whole relay, nothing of any client or queue) and /healthz (200 "ok", or 503 while the disk takes nothing).
#ifndef PLK_PEERLINK_RELAY_METRICS_H
#define PLK_PEERLINK_RELAY_METRICS_H

#include "host/relay_host.h"
#include "once.h"

// LISTEN: the port is taken. host is borrowed. The caller owns *out (plk_once_close).
enum plk_fault_kind plk_metrics_open(struct plk_once **out, struct plk_relay_host *host, uint16_t port,
                                     struct plk_fault *fault);

#endif
