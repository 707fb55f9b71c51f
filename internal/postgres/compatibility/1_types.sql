-- Types that PostgreSQL lacks. Names are qualified or keywords, because a
-- collection may have any name, even "text". All of these scripts can run again
-- over the objects of an older version.

-- JSON text, stored byte by byte; '' is allowed. A value is one whose type is
-- known only at run time: rank 1 is a number, 2 a text. The number of a text is
-- NaN, which PostgreSQL sorts after all numbers, as SQLite sorts texts.
DO $build$
BEGIN
  IF to_regtype('sqlite.value') IS NULL THEN
    CREATE DOMAIN sqlite."JSON" AS pg_catalog.text COLLATE "C";
    CREATE DOMAIN sqlite."NUMERIC" AS double precision;
    CREATE TYPE sqlite.value AS (rank smallint, number double precision, text pg_catalog.text COLLATE "C");
  END IF;
END $build$;

-- A text as a number, or NULL if it does not look like one. Never fails, not
-- even on 1e400.
CREATE OR REPLACE FUNCTION sqlite.parse_number(t pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN t ~ '^\s*[-+]?(\d{1,200}(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?\s*$' AND length(t) < 210 THEN t::double precision
  WHEN t ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?\s*$' AND length(t) < 10000 THEN
    CASE
      WHEN abs(t::numeric) > 1.7976931348623157e308 THEN sign(t::numeric)::double precision * 'Infinity'::double precision
      WHEN abs(t::numeric) < 1e-300 THEN 0
      ELSE t::numeric::double precision
    END
END;

-- The number at the beginning of a text, or 0.
CREATE OR REPLACE FUNCTION sqlite.number_prefix(t pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN t IS NOT NULL THEN coalesce(sqlite.parse_number(substring(t FROM '^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)')), 0) END;

-- A real number as text: as few digits as read back as the same number, and always a decimal point.
CREATE OR REPLACE FUNCTION sqlite.real_text(f double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN f = trunc(f) AND abs(f) < 1e16 THEN f::bigint::pg_catalog.text || '.0'
  WHEN abs(f) >= 1e-4 AND abs(f) < 1e15 THEN f::pg_catalog.text
  WHEN abs(f) < 'Infinity' THEN CASE WHEN f::pg_catalog.text ~ '\.' THEN f::pg_catalog.text ELSE replace(f::pg_catalog.text, 'e', '.0e') END
  ELSE CASE WHEN f > 0 THEN 'Inf' WHEN f < 0 THEN '-Inf' END
END;

-- The values of a number column; whole numbers are integers.
CREATE OR REPLACE FUNCTION sqlite.number_text(f double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN f = trunc(f) AND abs(f) < 9.2e18 THEN f::bigint::pg_catalog.text ELSE sqlite.real_text(f) END;

-- Conversions: CAST(x AS TEXT), REAL, INTEGER, NUMERIC, BLOB.
CREATE OR REPLACE FUNCTION sqlite.to_text(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.to_text(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.number_text(v);
CREATE OR REPLACE FUNCTION sqlite.to_text(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v::integer::pg_catalog.text;
CREATE OR REPLACE FUNCTION sqlite.to_text(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN (v).text;
CREATE OR REPLACE FUNCTION sqlite.to_text(v pg_catalog.bytea) RETURNS pg_catalog.text STABLE PARALLEL SAFE RETURN convert_from(v, 'UTF8');

CREATE OR REPLACE FUNCTION sqlite.to_real(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v);
CREATE OR REPLACE FUNCTION sqlite.to_real(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.to_real(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE OR REPLACE FUNCTION sqlite.to_real(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN (v).number ELSE sqlite.number_prefix((v).text) END;

CREATE OR REPLACE FUNCTION sqlite.to_numeric(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v);
CREATE OR REPLACE FUNCTION sqlite.to_numeric(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.to_numeric(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE OR REPLACE FUNCTION sqlite.to_numeric(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.to_real(v);

-- Integers saturate at 64 bits, as in SQLite.
CREATE OR REPLACE FUNCTION sqlite.to_integer(v bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.to_integer(v double precision) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v >= 9223372036854775807 THEN 9223372036854775807 WHEN v <= -9223372036854775808 THEN (-9223372036854775808)::bigint ELSE trunc(v)::bigint END;
-- The integer at the beginning of a text, up to a decimal point or an exponent.
CREATE OR REPLACE FUNCTION sqlite.to_integer(v pg_catalog.text) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN v IS NULL THEN NULL
  WHEN v ~ '^\s*[-+]?\d{1,18}(\D|$)' THEN substring(v FROM '^\s*([-+]?\d+)')::bigint
  ELSE sqlite.to_integer(coalesce(sqlite.number_prefix(substring(v FROM '^\s*[-+]?\d+')), 0))
END;
CREATE OR REPLACE FUNCTION sqlite.to_integer(v boolean) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN v::integer::bigint;
CREATE OR REPLACE FUNCTION sqlite.to_integer(v sqlite.value) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN sqlite.to_integer(sqlite.to_real(v));

CREATE OR REPLACE FUNCTION sqlite.to_blob(v pg_catalog.text) RETURNS pg_catalog.bytea IMMUTABLE PARALLEL SAFE RETURN convert_to(v, 'UTF8');

-- Whether a value counts as true in a condition.
CREATE OR REPLACE FUNCTION sqlite.truth(v boolean) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.truth(v double precision) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN v <> 0;
CREATE OR REPLACE FUNCTION sqlite.truth(v pg_catalog.text) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v) <> 0;
CREATE OR REPLACE FUNCTION sqlite.truth(v sqlite.value) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN sqlite.to_real(v) <> 0;

-- An operand of arithmetic.
CREATE OR REPLACE FUNCTION sqlite.number(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.number(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE OR REPLACE FUNCTION sqlite.number(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.number_prefix(v);
CREATE OR REPLACE FUNCTION sqlite.number(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.to_real(v);

-- An argument of a mathematical function: NULL for a text that is no number.
CREATE OR REPLACE FUNCTION sqlite.numeric_argument(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.numeric_argument(v boolean) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN v::integer::double precision;
CREATE OR REPLACE FUNCTION sqlite.numeric_argument(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.parse_number(v);
CREATE OR REPLACE FUNCTION sqlite.numeric_argument(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN (v).number ELSE sqlite.parse_number((v).text) END;

-- Dynamic values.
CREATE OR REPLACE FUNCTION sqlite.dynamic(v pg_catalog.text) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NOT NULL THEN ROW(2::smallint, 'NaN'::double precision, v)::sqlite.value END;
CREATE OR REPLACE FUNCTION sqlite.dynamic(v double precision) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NOT NULL THEN ROW(1::smallint, v, sqlite.number_text(v))::sqlite.value END;
CREATE OR REPLACE FUNCTION sqlite.dynamic(v boolean) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN sqlite.dynamic(v::integer::double precision);
CREATE OR REPLACE FUNCTION sqlite.dynamic(v sqlite.value) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN v;

CREATE OR REPLACE FUNCTION sqlite.value_number(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN (v).rank = 1 THEN (v).number END;
DO $build$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = 'sqlite.value'::regtype) THEN
    CREATE CAST (sqlite.value AS pg_catalog.text) WITH FUNCTION sqlite.to_text(sqlite.value) AS IMPLICIT;
    CREATE CAST (sqlite.value AS double precision) WITH FUNCTION sqlite.value_number(sqlite.value) AS IMPLICIT;
  END IF;
END $build$;

-- A text or a value in comparison with a number column: a number, or NaN.
CREATE OR REPLACE FUNCTION sqlite.with_numeric_affinity(v pg_catalog.text) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NOT NULL THEN coalesce(sqlite.parse_number(v), 'NaN') END;
CREATE OR REPLACE FUNCTION sqlite.with_numeric_affinity(v sqlite.value) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN (v).number ELSE sqlite.with_numeric_affinity((v).text) END;

-- A parameter as text; numbers are written as Go writes their type.
CREATE OR REPLACE FUNCTION sqlite.parameter_text(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v;
CREATE OR REPLACE FUNCTION sqlite.parameter_text(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.real_text(v);
CREATE OR REPLACE FUNCTION sqlite.parameter_text(v bigint) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v::pg_catalog.text;
CREATE OR REPLACE FUNCTION sqlite.parameter_text(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN v::integer::pg_catalog.text;

CREATE OR REPLACE FUNCTION sqlite.typeof(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NULL THEN 'null' ELSE 'text' END;
CREATE OR REPLACE FUNCTION sqlite.typeof(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NULL THEN 'null' ELSE 'integer' END;
CREATE OR REPLACE FUNCTION sqlite.typeof(v bigint) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v IS NULL THEN 'null' ELSE 'integer' END;
CREATE OR REPLACE FUNCTION sqlite.typeof(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NULL THEN 'null' WHEN v = trunc(v) THEN 'integer' ELSE 'real' END;
CREATE OR REPLACE FUNCTION sqlite.typeof(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN sqlite.typeof((v).number) ELSE sqlite.typeof((v).text) END;
