// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/method.h"
#include "api/shapes.h"

static const struct plk_field inner_fields[] = {{"n", PLK_FIELD_COUNT, 0, NULL, NULL, "a number"}};
static const struct plk_shape inner = {"Inner", inner_fields, 1};
static const struct plk_field fields[] = {
    {"text", PLK_FIELD_TEXT, 0, NULL, NULL, "any"},
    {"word", PLK_FIELD_TEXT, PLK_FIELD_OPTIONAL, NULL, "one|two-three", "one of them"},
    {"flag", PLK_FIELD_FLAG, PLK_FIELD_OPTIONAL, NULL, NULL, "yes or no"},
    {"real", PLK_FIELD_REAL, PLK_FIELD_OPTIONAL | PLK_FIELD_NULLABLE, NULL, NULL, "any number"},
    {"list", PLK_FIELD_OBJECT, PLK_FIELD_OPTIONAL | PLK_FIELD_LIST, &inner, NULL, "some"},
};
static const struct plk_shape outer = {"Outer", fields, sizeof fields / sizeof fields[0]};

static bool fits(const char *text, char why[PLK_SHAPE_WHY_MAX]) {
    json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(object);
    bool result = plk_shape_check(&outer, object, why);
    json_decref(object);
    return result;
}

static void takes_what_fits(void **state) {
    (void)state;
    static const char *const good[] = {
        "{\"text\":\"\"}",
        "{\"text\":\"x\",\"word\":\"two-three\",\"flag\":false,\"real\":null,\"list\":[]}",
        "{\"text\":\"x\",\"real\":1,\"list\":[{\"n\":0},{\"n\":9223372036854775807}]}",
        "{\"text\":\"x\",\"real\":-1.5}",
    };
    char why[PLK_SHAPE_WHY_MAX];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!fits(good[i], why)) fail_msg("%s: %s", good[i], why);
    }
}

static void refuses_the_rest_and_says_why(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"[]", "must be an object"},
        {"{}", "`text` is missing"},
        {"{\"text\":1}", "`text` must be a text"},
        {"{\"text\":null}", "`text` must be a text"},
        {"{\"text\":\"x\",\"word\":\"two\"}", "`word` must be one of"},
        {"{\"text\":\"x\",\"word\":\"\"}", "`word` must be one of"},
        {"{\"text\":\"x\",\"word\":\"one|two-three\"}", "`word` must be one of"},
        {"{\"text\":\"x\",\"flag\":1}", "true or false"},
        {"{\"text\":\"x\",\"real\":\"1\"}", "a number"},
        {"{\"text\":\"x\",\"list\":{\"n\":1}}", "a list"},
        {"{\"text\":\"x\",\"list\":[{\"n\":-1}]}", "whole number"},
        {"{\"text\":\"x\",\"list\":[{\"n\":1.0}]}", "whole number"},
        {"{\"text\":\"x\",\"list\":[{}]}", "`n` is missing"},
        {"{\"text\":\"x\",\"list\":[1]}", "must be an object"},
        {"{\"text\":\"x\",\"other\":1}", "not known"},
    };
    char why[PLK_SHAPE_WHY_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (fits(bad[i][0], why)) fail_msg("%s was taken", bad[i][0]);
        if (strstr(why, bad[i][1]) == NULL) fail_msg("%s: %s", bad[i][0], why);
    }
}

// Whatever a shape refers to is in the document, and each name in it is there once.
static void document_is_complete(void **state) {
    (void)state;
    json_t *document = plk_method_openrpc(), *schema = NULL;
    assert_non_null(document);
    const char *name = NULL;
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    size_t count = 0;
#define COUNT(c, json) count += &plk_shape_##c != &plk_shape_document;
    PLK_SHAPES_LIST(COUNT)
#undef COUNT
    assert_int_equal(json_object_size(schemas), count);
    json_object_foreach(schemas, name, schema) assert_true(json_is_object(schema));
    size_t methods = 0;
    while (plk_method_at(methods) != NULL) methods++;
    assert_int_equal(json_array_size(json_object_get(document, "methods")), methods);
    for (size_t i = 0; i < methods; i++) {
        assert_ptr_equal(plk_method_find(plk_method_at(i)->name), plk_method_at(i));
        assert_true(plk_method_at(i)->help[0] != '\0');
        for (size_t k = 0; k < plk_method_at(i)->params->count; k++)
            assert_non_null(plk_method_at(i)->params->fields[k].help);
    }
    json_decref(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_what_fits),
                                       cmocka_unit_test(refuses_the_rest_and_says_why),
                                       cmocka_unit_test(document_is_complete)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
