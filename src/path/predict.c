// SPDX-License-Identifier: MIT
#include "path/predict.h"

int plk_predict_step(const uint16_t *ports, unsigned count) {
    int least = 0;
    if (count < PLK_PREDICT_MAPPINGS) return 0;
    for (unsigned i = 1; i < count; i++) {
        int step = (int)ports[i] - (int)ports[i - 1];
        bool turns = least != 0 && (step > 0) != (least > 0);
        if (step == 0 || turns || step > PLK_PREDICT_STEP_MAX || step < -PLK_PREDICT_STEP_MAX) return 0;
        if (least == 0 || (step > 0 ? step < least : step > least)) least = step;
    }
    for (unsigned i = 1; i < count; i++) {
        if (((int)ports[i] - (int)ports[i - 1]) % least != 0) return 0;
    }
    return least;
}

unsigned plk_predict_window(const struct plk_addr *last, int step, struct plk_addr window[PLK_PREDICT_WINDOW]) {
    unsigned count = 0;
    for (int i = 1; i <= PLK_PREDICT_WINDOW; i++) {
        int port = (int)last->port + i * step;
        if (port <= 0 || port > UINT16_MAX) continue;
        window[count] = *last;
        window[count++].port = (uint16_t)port;
    }
    return count;
}
