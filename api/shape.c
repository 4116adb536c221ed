// SPDX-License-Identifier: MIT
#include "api/shape.h"

#include <stdio.h>

bool plk_shape_word_fits(const char *words, struct plk_bytes value) {
    for (const char *at = words; at != NULL;) {
        const char *end = strchr(at, '|');
        struct plk_bytes word = plk_bytes(at, end != NULL ? (size_t)(end - at) : strlen(at));
        if (plk_bytes_equal(word, value)) return true;
        at = end != NULL ? end + 1 : NULL;
    }
    return false;
}

static const char *type_words(const struct plk_field *field) {
    if (field->flags & PLK_FIELD_LIST) return "a list";
    switch (field->type) {
    case PLK_FIELD_TEXT:
        return "a text";
    case PLK_FIELD_COUNT:
        return "a whole number from 0";
    case PLK_FIELD_REAL:
        return "a number";
    case PLK_FIELD_FLAG:
        return "true or false";
    case PLK_FIELD_OBJECT:
        return "an object";
    }
    return "something else";
}

static bool value_fits(const struct plk_field *field, const json_t *value, char why[PLK_SHAPE_WHY_MAX]) {
    bool fits = false;
    switch (field->type) {
    case PLK_FIELD_TEXT:
        fits = json_is_string(value);
        break;
    case PLK_FIELD_COUNT:
        fits = json_is_integer(value) && json_integer_value(value) >= 0;
        break;
    case PLK_FIELD_REAL:
        fits = json_is_number(value);
        break;
    case PLK_FIELD_FLAG:
        fits = json_is_boolean(value);
        break;
    case PLK_FIELD_OBJECT:
        return json_is_object(value) && plk_shape_check(field->shape, value, why);
    }
    if (!fits) {
        snprintf(why, PLK_SHAPE_WHY_MAX, "`%s` must be %s", field->name, type_words(field));
    } else if (field->words != NULL && !plk_shape_word_fits(field->words, plk_bytes_text(json_string_value(value)))) {
        snprintf(why, PLK_SHAPE_WHY_MAX, "`%s` must be one of %s", field->name, field->words);
        return false;
    }
    return fits;
}

static bool field_fits(const struct plk_field *field, const json_t *value, char why[PLK_SHAPE_WHY_MAX]) {
    if (json_is_null(value) && (field->flags & PLK_FIELD_NULLABLE)) return true;
    if (!(field->flags & PLK_FIELD_LIST)) return value_fits(field, value, why);
    if (!json_is_array(value)) {
        snprintf(why, PLK_SHAPE_WHY_MAX, "`%s` must be %s", field->name, type_words(field));
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!value_fits(field, json_array_get(value, i), why)) return false;
    }
    return true;
}

bool plk_shape_check(const struct plk_shape *shape, const json_t *object, char why[PLK_SHAPE_WHY_MAX]) {
    snprintf(why, PLK_SHAPE_WHY_MAX, "%s must be an object", shape->name);
    if (!json_is_object(object)) return false;
    size_t known = 0;
    for (size_t i = 0; i < shape->count; i++) {
        const struct plk_field *field = &shape->fields[i];
        const json_t *value = json_object_get(object, field->name);
        if (value != NULL) {
            if (!field_fits(field, value, why)) return false;
            known++;
        } else if (!(field->flags & PLK_FIELD_OPTIONAL)) {
            snprintf(why, PLK_SHAPE_WHY_MAX, "`%s` is missing", field->name);
            return false;
        }
    }
    if (known != json_object_size(object)) {
        snprintf(why, PLK_SHAPE_WHY_MAX, "there is a name in it that is not known here");
        return false;
    }
    return true;
}

// ---- JSON Schema ----------------------------------------------------------------------------------------------------

static json_t *words_enum(const char *words) {
    json_t *list = json_array();
    for (const char *at = words; at != NULL;) {
        const char *end = strchr(at, '|');
        json_array_append_new(list, json_stringn(at, end != NULL ? (size_t)(end - at) : strlen(at)));
        at = end != NULL ? end + 1 : NULL;
    }
    return list;
}

static json_t *value_schema(const struct plk_field *field) {
    switch (field->type) {
    case PLK_FIELD_COUNT:
        return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    case PLK_FIELD_REAL:
        return json_pack("{s:s}", "type", "number");
    case PLK_FIELD_FLAG:
        return json_pack("{s:s}", "type", "boolean");
    case PLK_FIELD_OBJECT:
        return json_pack("{s:s+}", "$ref", "#/components/schemas/", field->shape->name);
    case PLK_FIELD_TEXT:
        break;
    }
    json_t *schema = json_pack("{s:s}", "type", "string");
    if (field->words != NULL) json_object_set_new(schema, "enum", words_enum(field->words));
    return schema;
}

json_t *plk_shape_field_schema(const struct plk_field *field) {
    json_t *schema = value_schema(field);
    if (field->flags & PLK_FIELD_LIST) schema = json_pack("{s:s, s:o}", "type", "array", "items", schema);
    if (field->flags & PLK_FIELD_NULLABLE) schema = json_pack("{s:[o, {s:s}]}", "oneOf", schema, "type", "null");
    return schema;
}

json_t *plk_shape_schema(const struct plk_shape *shape) {
    json_t *properties = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < shape->count; i++) {
        const struct plk_field *field = &shape->fields[i];
        json_t *schema = plk_shape_field_schema(field);
        json_object_set_new(schema, "description", json_string(field->help));
        json_object_set_new(properties, field->name, schema);
        if (!(field->flags & PLK_FIELD_OPTIONAL)) json_array_append_new(required, json_string(field->name));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required,
                     "additionalProperties", 0);
}
