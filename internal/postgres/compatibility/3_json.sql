-- SQLite's JSON functions.

-- PostgreSQL 15 can only validate JSON by trying to parse it. Functions that
-- catch errors are not parallel safe, nor are their callers: parallel workers
-- cannot start subtransactions.
CREATE OR REPLACE FUNCTION sqlite.try_json(t pg_catalog.text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM t::pg_catalog.json;
  RETURN true;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN false;
END $$;

-- U+0000, which a PostgreSQL text cannot contain, becomes U+FFFD.
CREATE OR REPLACE FUNCTION sqlite.parse_json(t pg_catalog.text) RETURNS pg_catalog.json IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN strpos(t, '\u0000') = 0 THEN t::pg_catalog.json
  ELSE regexp_replace(t, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g')::pg_catalog.json
END;

CREATE OR REPLACE FUNCTION sqlite.json_valid(t pg_catalog.text) RETURNS boolean IMMUTABLE
RETURN CASE
  WHEN t IS NULL THEN NULL
  WHEN t IN ('', '[]', '{}', '""') THEN t <> ''
  -- An array of plain strings, as most values of relations and files are.
  WHEN t ~ '^\["[^"\\[:cntrl:]]*"(,"[^"\\[:cntrl:]]*")*\]$' THEN true
  WHEN t !~ '^\s*[\[{"]' THEN t ~ '^\s*(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)\s*$'
  ELSE sqlite.try_json(t)
END;
CREATE OR REPLACE FUNCTION sqlite.json_valid(v double precision) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NOT NULL THEN true END;
CREATE OR REPLACE FUNCTION sqlite.json_valid(v boolean) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NOT NULL THEN true END;
CREATE OR REPLACE FUNCTION sqlite.json_valid(v sqlite.value) RETURNS boolean IMMUTABLE RETURN sqlite.json_valid((v).text);

-- JSON without whitespace between its tokens.
CREATE OR REPLACE FUNCTION sqlite.json_minified(t pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(t, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g');
CREATE OR REPLACE FUNCTION sqlite.json(t pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN sqlite.json_minified(sqlite.parse_json(t)::pg_catalog.text);

-- '$.a[0]."b"' as the path that #> takes; [#-1] is the last element.
CREATE OR REPLACE FUNCTION sqlite.json_path(path pg_catalog.text) RETURNS pg_catalog.text[] IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN path = '$' THEN ARRAY[]::pg_catalog.text[]
  WHEN path ~ '^\$\.[A-Za-z0-9_]+$' THEN ARRAY[substr(path, 3)]
  ELSE ARRAY(SELECT coalesce(m[1], m[2], m[3]) FROM regexp_matches(substr(path, 2), '\."((?:[^"\\]|\\.)*)"|\.([^.\[]+)|\[#?(-?\d+)\]', 'g') WITH ORDINALITY AS p(m, n) ORDER BY n)
END;

CREATE OR REPLACE FUNCTION sqlite.json_value(j pg_catalog.json) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE json_typeof(j)
  WHEN 'string' THEN ROW(2::smallint, 'NaN'::double precision, j #>> '{}')::sqlite.value
  WHEN 'number' THEN ROW(1::smallint, sqlite.parse_number(j #>> '{}'), sqlite.number_text(sqlite.parse_number(j #>> '{}')))::sqlite.value
  WHEN 'boolean' THEN CASE WHEN (j #>> '{}') = 'true' THEN ROW(1::smallint, 1::double precision, '1')::sqlite.value ELSE ROW(1::smallint, 0::double precision, '0')::sqlite.value END
  WHEN 'null' THEN NULL
  ELSE CASE WHEN j IS NOT NULL THEN ROW(2::smallint, 'NaN'::double precision, sqlite.json_minified(j::pg_catalog.text))::sqlite.value END
END;

CREATE OR REPLACE FUNCTION sqlite.json_extract(t pg_catalog.text, path pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN sqlite.json_value(sqlite.parse_json(t) #> sqlite.json_path(path));
CREATE OR REPLACE FUNCTION sqlite.json_extract(v double precision, path pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN path = '$' THEN sqlite.dynamic(v) END;
CREATE OR REPLACE FUNCTION sqlite.json_extract(v boolean, path pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN path = '$' THEN sqlite.dynamic(v) END;

CREATE OR REPLACE FUNCTION sqlite.json_extract(v sqlite.value, path pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 2 THEN sqlite.json_extract((v).text, path) WHEN path = '$' THEN v END;

-- json_extract of several paths: an array of the values, with null for those that
-- are missing.
CREATE OR REPLACE FUNCTION sqlite.json_extract_all(t pg_catalog.text, VARIADIC paths pg_catalog.text[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN t IS NOT NULL AND array_position(paths, NULL) IS NULL THEN (
  SELECT '[' || string_agg(coalesce(sqlite.json_minified((sqlite.parse_json(t) #> sqlite.json_path(p))::pg_catalog.text), 'null'), ',' ORDER BY n) || ']'
  FROM unnest(paths) WITH ORDINALITY AS u(p, n)) END;
CREATE OR REPLACE FUNCTION sqlite.json_extract_all(v double precision, VARIADIC paths pg_catalog.text[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_extract_all(sqlite.number_text(v), VARIADIC paths);
CREATE OR REPLACE FUNCTION sqlite.json_extract_all(v boolean, VARIADIC paths pg_catalog.text[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_extract_all(v::integer::pg_catalog.text, VARIADIC paths);
CREATE OR REPLACE FUNCTION sqlite.json_extract_all(v sqlite.value, VARIADIC paths pg_catalog.text[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_extract_all((v).text, VARIADIC paths);

-- -> and ->>: a path, a key or an index.
CREATE OR REPLACE FUNCTION sqlite.json_step(t pg_catalog.text, step pg_catalog.text) RETURNS pg_catalog.json IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN step LIKE '$%' THEN sqlite.parse_json(t) #> sqlite.json_path(step) ELSE sqlite.parse_json(t) #> ARRAY[step] END;
CREATE OR REPLACE FUNCTION sqlite.json_at(t pg_catalog.text, step pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_minified(sqlite.json_step(t, step)::pg_catalog.text);
CREATE OR REPLACE FUNCTION sqlite.json_at(t pg_catalog.text, step double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_at(t, sqlite.number_text(step));
CREATE OR REPLACE FUNCTION sqlite.json_value_at(t pg_catalog.text, step pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN sqlite.json_value(sqlite.json_step(t, step));
CREATE OR REPLACE FUNCTION sqlite.json_value_at(t pg_catalog.text, step double precision) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN sqlite.json_value_at(t, sqlite.number_text(step));

CREATE OR REPLACE FUNCTION sqlite.json_type_of(j pg_catalog.json) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE json_typeof(j)
  WHEN 'string' THEN 'text'
  WHEN 'number' THEN CASE WHEN (j #>> '{}') ~ '[.eE]' THEN 'real' ELSE 'integer' END
  WHEN 'boolean' THEN j #>> '{}'
  ELSE json_typeof(j)
END;
CREATE OR REPLACE FUNCTION sqlite.json_type(t pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_type_of(sqlite.parse_json(t));
CREATE OR REPLACE FUNCTION sqlite.json_type(t pg_catalog.text, path pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_type_of(sqlite.parse_json(t) #> sqlite.json_path(path));
CREATE OR REPLACE FUNCTION sqlite.json_type(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v = trunc(v) THEN 'integer' ELSE 'real' END;
CREATE OR REPLACE FUNCTION sqlite.json_type(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN 'integer';
CREATE OR REPLACE FUNCTION sqlite.json_type(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_type((v).text);
CREATE OR REPLACE FUNCTION sqlite.json_type(v sqlite.value, path pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.json_type((v).text, path);
CREATE OR REPLACE FUNCTION sqlite.json_array_length(t pg_catalog.text) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN json_typeof(sqlite.parse_json(t)) = 'array' THEN pg_catalog.json_array_length(sqlite.parse_json(t)) ELSE 0 END;
CREATE OR REPLACE FUNCTION sqlite.json_array_length(t pg_catalog.text, path pg_catalog.text) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN json_typeof(sqlite.parse_json(t) #> sqlite.json_path(path)) = 'array' THEN pg_catalog.json_array_length(sqlite.parse_json(t) #> sqlite.json_path(path)) WHEN json_typeof(sqlite.parse_json(t) #> sqlite.json_path(path)) IS NOT NULL THEN 0 END;

CREATE OR REPLACE FUNCTION sqlite.json_quote(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN coalesce(to_json(v)::pg_catalog.text, 'null');
CREATE OR REPLACE FUNCTION sqlite.json_quote(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN coalesce(sqlite.number_text(v), 'null');
CREATE OR REPLACE FUNCTION sqlite.json_quote(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN coalesce(v::integer::pg_catalog.text, 'null');
CREATE OR REPLACE FUNCTION sqlite.json_quote(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN (v).text ELSE coalesce(to_json((v).text)::pg_catalog.text, 'null') END;

-- The arguments are JSON already.
CREATE OR REPLACE FUNCTION sqlite.json_array() RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '[]';
CREATE OR REPLACE FUNCTION sqlite.json_array(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '[' || v || ']';
CREATE OR REPLACE FUNCTION sqlite.json_array(VARIADIC v pg_catalog.text[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '[' || array_to_string(v, ',') || ']';
CREATE OR REPLACE FUNCTION sqlite.json_object() RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '{}';
CREATE OR REPLACE FUNCTION sqlite.json_object(k pg_catalog.text, v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '{' || k || ':' || v || '}';
CREATE OR REPLACE FUNCTION sqlite.json_object(VARIADIC v pg_catalog.text[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN '{' || (SELECT string_agg(v[i] || ':' || v[i + 1], ',' ORDER BY i) FROM generate_series(1, array_length(v, 1), 2) AS s(i)) || '}';

CREATE OR REPLACE FUNCTION sqlite.json_each(t pg_catalog.text)
RETURNS TABLE(key sqlite.value, value sqlite.value, type pg_catalog.text, atom sqlite.value, id bigint, parent bigint, fullkey pg_catalog.text, path pg_catalog.text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 4 AS $$
DECLARE
  j pg_catalog.json;
BEGIN
  IF t IS NULL OR t = '[]' THEN
    RETURN;
  END IF;
  j := sqlite.parse_json(t);
  IF pg_catalog.json_typeof(j) = 'array' THEN
    RETURN QUERY SELECT sqlite.dynamic((n - 1)::double precision), sqlite.json_value(e), sqlite.json_type_of(e), CASE WHEN pg_catalog.json_typeof(e) NOT IN ('array', 'object') THEN sqlite.json_value(e) END, n, NULL::bigint, pg_catalog.format('$[%s]', n - 1), '$'::pg_catalog.text
      FROM pg_catalog.json_array_elements(j) WITH ORDINALITY AS x(e, n);
  ELSIF pg_catalog.json_typeof(j) = 'object' THEN
    RETURN QUERY SELECT sqlite.dynamic(x.k), sqlite.json_value(x.e), sqlite.json_type_of(x.e), CASE WHEN pg_catalog.json_typeof(x.e) NOT IN ('array', 'object') THEN sqlite.json_value(x.e) END, x.n, NULL::bigint, pg_catalog.format('$.%s', x.k), '$'::pg_catalog.text
      FROM pg_catalog.json_each(j) WITH ORDINALITY AS x(k, e, n);
  ELSE
    RETURN QUERY SELECT NULL::sqlite.value, sqlite.json_value(j), sqlite.json_type_of(j), sqlite.json_value(j), 0::bigint, NULL::bigint, '$'::pg_catalog.text, '$'::pg_catalog.text;
  END IF;
END $$;
