-- The types of SQLite that PostgreSQL lacks. Everything here is qualified or
-- written with keywords: a collection may have any name, "text" included.

-- JSON as it was written, byte by byte; '' is allowed.
CREATE DOMAIN sqlite."JSON" AS pg_catalog.text COLLATE "C";
CREATE DOMAIN sqlite."NUMERIC" AS double precision;

-- A value whose type is known only at run time: rank 1 is a number, 2 a text.
-- A text's number is NaN, which PostgreSQL sorts after all numbers, as SQLite
-- sorts texts.
CREATE TYPE sqlite.value AS (rank smallint, number double precision, text pg_catalog.text COLLATE "C");

-- A text as a number, or NULL if it does not look like one. Never fails, not
-- even on 1e400.
CREATE FUNCTION sqlite.parse_number(t pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN t ~ '^\s*[-+]?(\d{1,200}(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?\s*$' AND length(t) < 210 THEN t::double precision
  WHEN t ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?\s*$' AND length(t) < 10000 THEN
    CASE
      WHEN abs(t::numeric) > 1.7976931348623157e308 THEN sign(t::numeric)::double precision * 'Infinity'::double precision
      WHEN abs(t::numeric) < 1e-300 THEN 0
      ELSE t::numeric::double precision
    END
END;

-- The number that a text begins with, or 0.
CREATE FUNCTION sqlite.number_prefix(t pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN t IS NOT NULL THEN coalesce(sqlite.parse_number(substring(t FROM '^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)')), 0) END;

CREATE FUNCTION sqlite.number_text(f double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN f = trunc(f) AND abs(f) < 1e15 THEN f::numeric::pg_catalog.text ELSE f::pg_catalog.text END;

-- Conversions: CAST(x AS TEXT), REAL, INTEGER, NUMERIC, BLOB.
CREATE FUNCTION sqlite.to_text(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v;
CREATE FUNCTION sqlite.to_text(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.number_text(v);
CREATE FUNCTION sqlite.to_text(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v::integer::pg_catalog.text;
CREATE FUNCTION sqlite.to_text(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN (v).text;
CREATE FUNCTION sqlite.to_text(v pg_catalog.bytea) RETURNS pg_catalog.text STABLE PARALLEL SAFE RETURN convert_from(v, 'UTF8');

CREATE FUNCTION sqlite.to_real(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v);
CREATE FUNCTION sqlite.to_real(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE FUNCTION sqlite.to_real(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE FUNCTION sqlite.to_real(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN (v).number ELSE sqlite.number_prefix((v).text) END;

CREATE FUNCTION sqlite.to_numeric(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v);
CREATE FUNCTION sqlite.to_numeric(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE FUNCTION sqlite.to_numeric(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE FUNCTION sqlite.to_numeric(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.to_real(v);

-- Integers end at 64 bits, as in SQLite.
CREATE FUNCTION sqlite.to_integer(v bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN v;
CREATE FUNCTION sqlite.to_integer(v double precision) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v >= 9223372036854775807 THEN 9223372036854775807 WHEN v <= -9223372036854775808 THEN (-9223372036854775808)::bigint ELSE trunc(v)::bigint END;
-- A text's digits, up to a point or an exponent.
CREATE FUNCTION sqlite.to_integer(v pg_catalog.text) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN v IS NULL THEN NULL
  WHEN v ~ '^\s*[-+]?\d{1,18}(\D|$)' THEN substring(v FROM '^\s*([-+]?\d+)')::bigint
  ELSE sqlite.to_integer(coalesce(sqlite.number_prefix(substring(v FROM '^\s*[-+]?\d+')), 0))
END;
CREATE FUNCTION sqlite.to_integer(v boolean) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN v::integer::bigint;
CREATE FUNCTION sqlite.to_integer(v sqlite.value) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN sqlite.to_integer(sqlite.to_real(v));

CREATE FUNCTION sqlite.to_blob(v pg_catalog.text) RETURNS pg_catalog.bytea IMMUTABLE PARALLEL SAFE RETURN convert_to(v, 'UTF8');

-- What counts as true in a condition.
CREATE FUNCTION sqlite.truth(v boolean) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN v;
CREATE FUNCTION sqlite.truth(v double precision) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN v <> 0;
CREATE FUNCTION sqlite.truth(v pg_catalog.text) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v) <> 0;
CREATE FUNCTION sqlite.truth(v sqlite.value) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN sqlite.to_real(v) <> 0;

-- The operand of arithmetic.
CREATE FUNCTION sqlite.number(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE FUNCTION sqlite.number(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE FUNCTION sqlite.number(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v);
CREATE FUNCTION sqlite.number(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.to_real(v);

-- Dynamic values.
CREATE FUNCTION sqlite.dynamic(v pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NOT NULL THEN ROW(2::smallint, 'NaN'::double precision, v)::sqlite.value END;
CREATE FUNCTION sqlite.dynamic(v double precision) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NOT NULL THEN ROW(1::smallint, v, sqlite.number_text(v))::sqlite.value END;
CREATE FUNCTION sqlite.dynamic(v boolean) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN sqlite.dynamic(v::integer::double precision);
CREATE FUNCTION sqlite.dynamic(v sqlite.value) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN v;

CREATE FUNCTION sqlite.value_number(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN (v).rank = 1 THEN (v).number END;
CREATE CAST (sqlite.value AS pg_catalog.text) WITH FUNCTION sqlite.to_text(sqlite.value) AS IMPLICIT;
CREATE CAST (sqlite.value AS double precision) WITH FUNCTION sqlite.value_number(sqlite.value) AS IMPLICIT;

CREATE FUNCTION sqlite.typeof(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NULL THEN 'null' ELSE 'text' END;
CREATE FUNCTION sqlite.typeof(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NULL THEN 'null' ELSE 'integer' END;
CREATE FUNCTION sqlite.typeof(v bigint) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NULL THEN 'null' ELSE 'integer' END;
CREATE FUNCTION sqlite.typeof(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NULL THEN 'null' WHEN v = trunc(v) THEN 'integer' ELSE 'real' END;
CREATE FUNCTION sqlite.typeof(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN sqlite.typeof((v).number) ELSE sqlite.typeof((v).text) END;
