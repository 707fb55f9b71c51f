-- SQLite's date functions over texts.

-- The current time, at each call.
CREATE OR REPLACE FUNCTION sqlite.now_text() RETURNS pg_catalog.text VOLATILE PARALLEL SAFE RETURN to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS');

-- Not parallel safe, as it catches errors.
CREATE OR REPLACE FUNCTION sqlite.parse_time(v pg_catalog.text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
  first text;
BEGIN
  IF v IS NULL THEN RETURN NULL; END IF;
  IF v ~* '^now$' THEN RETURN sqlite.now_text()::timestamp; END IF;
  IF v ~* '^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*(Z|[-+]\d{2}:\d{2})?$' THEN
    -- Days count from the first of the month: February 30 is March 1 or 2.
    IF substr(v, 9, 2)::integer NOT BETWEEN 1 AND 31 THEN RETURN NULL; END IF;
    first := left(v, 8) || '01' || substr(v, 11);
    IF length(v) > 10 AND v ~* '(Z|[-+]\d{2}:\d{2})$' THEN
      RETURN first::timestamptz AT TIME ZONE 'UTC' + (substr(v, 9, 2)::integer - 1) * interval '1 day';
    END IF;
    RETURN first::timestamp + (substr(v, 9, 2)::integer - 1) * interval '1 day';
  END IF;
  IF v ~ '^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$' THEN RETURN ('2000-01-01 ' || v)::timestamp; END IF;
  -- A number is a Julian day.
  IF sqlite.parse_number(v) BETWEEN 0 AND 5373484.4999 THEN RETURN timestamp '2000-01-01 12:00:00' + pg_catalog.round((sqlite.parse_number(v) - 2451545.0) * 86400000) * interval '1 millisecond'; END IF;
  RETURN NULL;
EXCEPTION WHEN data_exception THEN
  RETURN NULL; -- invalid dates, such as a 13th month, as in SQLite
END $$;

CREATE OR REPLACE FUNCTION sqlite.modified_time(v pg_catalog.text, modifiers pg_catalog.text[]) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
  result timestamp;
  modifier text;
  parts text[];
  i integer := 1;
BEGIN
  IF lower(modifiers[1]) IN ('unixepoch', 'auto') AND v ~ '^[-+]?\d+(\.\d+)?$' THEN
    IF lower(modifiers[1]) = 'unixepoch' OR abs(v::double precision) > 5373484.5 THEN
      result := to_timestamp(v::double precision) AT TIME ZONE 'UTC';
    ELSE
      result := sqlite.parse_time(v);
    END IF;
    i := 2;
  ELSE
    result := sqlite.parse_time(v);
  END IF;
  WHILE result IS NOT NULL AND i <= coalesce(array_length(modifiers, 1), 0) LOOP
    modifier := lower(trim(modifiers[i]));
    parts := regexp_match(modifier, '^([-+]?\d+(?:\.\d+)?)\s+(second|minute|hour|day|month|year)s?$');
    IF parts[2] IN ('month', 'year') AND parts[1] !~ '\.' AND extract(day FROM result) > 28 THEN
      result := date_trunc('month', result) + (parts[1] || ' ' || parts[2])::interval + (result - date_trunc('month', result));
    ELSIF parts IS NOT NULL THEN result := result + (parts[1] || ' ' || parts[2])::interval;
    ELSIF modifier = 'start of month' THEN result := date_trunc('month', result);
    ELSIF modifier = 'start of year' THEN result := date_trunc('year', result);
    ELSIF modifier = 'start of day' THEN result := date_trunc('day', result);
    ELSIF modifier ~ '^weekday [0-6]$' THEN result := result + (((right(modifier, 1)::integer - extract(dow FROM result)::integer + 7) % 7) || ' days')::interval;
    ELSIF modifier NOT IN ('utc', 'localtime', 'auto', 'subsec', 'subsecond', 'floor', 'ceiling', 'julianday') THEN RETURN NULL;
    END IF;
    i := i + 1;
    -- The years that SQLite knows.
    IF result NOT BETWEEN timestamp '4714-11-24 12:00:00 BC' AND timestamp '9999-12-31 23:59:59.999999' THEN RETURN NULL; END IF;
  END LOOP;
  RETURN result;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

-- The year, counted from 0, which is 1 BC.
CREATE OR REPLACE FUNCTION sqlite.year_text(t timestamp) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN extract(year FROM t) < 0 THEN to_char(extract(year FROM t) + 1, 'FM0000') ELSE to_char(t, 'YYYY') END;

CREATE OR REPLACE FUNCTION sqlite.format_time(format pg_catalog.text, t timestamp) RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  result text := '';
  i integer := 1;
  c text;
BEGIN
  IF t IS NULL OR format IS NULL THEN RETURN NULL; END IF;
  WHILE i <= length(format) LOOP
    c := substr(format, i, 1);
    IF c <> '%' THEN
      result := result || c;
      i := i + 1;
      CONTINUE;
    END IF;
    c := substr(format, i + 1, 1);
    i := i + 2;
    result := result || CASE c
      WHEN 'd' THEN to_char(t, 'DD') WHEN 'e' THEN lpad(to_char(t, 'FMDD'), 2) WHEN 'f' THEN to_char(t, 'SS.MS') WHEN 'F' THEN sqlite.year_text(t) || to_char(t, '-MM-DD')
      WHEN 'G' THEN to_char(t, 'IYYY') WHEN 'g' THEN to_char(t, 'IY') WHEN 'H' THEN to_char(t, 'HH24') WHEN 'I' THEN to_char(t, 'HH12') WHEN 'j' THEN to_char(t, 'DDD')
      WHEN 'J' THEN (extract(julian FROM t) - 0.5)::double precision::text WHEN 'k' THEN lpad(to_char(t, 'FMHH24'), 2) WHEN 'l' THEN lpad(to_char(t, 'FMHH12'), 2)
      WHEN 'm' THEN to_char(t, 'MM') WHEN 'M' THEN to_char(t, 'MI') WHEN 'p' THEN to_char(t, 'AM') WHEN 'P' THEN to_char(t, 'am') WHEN 'R' THEN to_char(t, 'HH24:MI')
      WHEN 's' THEN floor(extract(epoch FROM t))::bigint::text WHEN 'S' THEN to_char(t, 'SS') WHEN 'T' THEN to_char(t, 'HH24:MI:SS')
      WHEN 'u' THEN to_char(t, 'ID') WHEN 'U' THEN lpad(((extract(doy FROM t) + 6 - extract(dow FROM t))::integer / 7)::text, 2, '0')
      WHEN 'V' THEN to_char(t, 'IW') WHEN 'w' THEN extract(dow FROM t)::text
      WHEN 'W' THEN lpad(((extract(doy FROM t) + 6 - (extract(isodow FROM t) - 1))::integer / 7)::text, 2, '0')
      WHEN 'Y' THEN sqlite.year_text(t) WHEN '%' THEN '%' END;
    IF result IS NULL THEN RETURN NULL; END IF;
  END LOOP;
  RETURN result;
END $$;

CREATE OR REPLACE FUNCTION sqlite.strftime(format pg_catalog.text, v pg_catalog.text, VARIADIC modifiers pg_catalog.text[] DEFAULT '{}') RETURNS pg_catalog.text IMMUTABLE
RETURN sqlite.format_time(format, sqlite.modified_time(v, modifiers));
CREATE OR REPLACE FUNCTION sqlite.datetime(v pg_catalog.text, VARIADIC modifiers pg_catalog.text[] DEFAULT '{}') RETURNS pg_catalog.text IMMUTABLE
RETURN sqlite.format_time('%F %T', sqlite.modified_time(v, modifiers));
CREATE OR REPLACE FUNCTION sqlite.date(v pg_catalog.text, VARIADIC modifiers pg_catalog.text[] DEFAULT '{}') RETURNS pg_catalog.text IMMUTABLE
RETURN sqlite.format_time('%F', sqlite.modified_time(v, modifiers));
CREATE OR REPLACE FUNCTION sqlite."time"(v pg_catalog.text, VARIADIC modifiers pg_catalog.text[] DEFAULT '{}') RETURNS pg_catalog.text IMMUTABLE
RETURN to_char(sqlite.modified_time(v, modifiers), 'HH24:MI:SS');
CREATE OR REPLACE FUNCTION sqlite.unixepoch(v pg_catalog.text, VARIADIC modifiers pg_catalog.text[] DEFAULT '{}') RETURNS bigint IMMUTABLE
RETURN floor(extract(epoch FROM sqlite.modified_time(v, modifiers)))::bigint;
CREATE OR REPLACE FUNCTION sqlite.julianday(v pg_catalog.text, VARIADIC modifiers pg_catalog.text[] DEFAULT '{}') RETURNS double precision IMMUTABLE
RETURN (extract(julian FROM sqlite.modified_time(v, modifiers)) - 0.5)::double precision;
