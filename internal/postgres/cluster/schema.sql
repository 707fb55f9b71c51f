CREATE SCHEMA cluster;

-- The version of this schema.
CREATE TABLE cluster.version (number integer NOT NULL);
INSERT INTO cluster.version VALUES (1);

-- Processes that serve. One without a recent heartbeat is dead. "sent" is the
-- number of its last batch of messages, so that a repeated batch is stored
-- once.
CREATE TABLE cluster.processes (
	id      text PRIMARY KEY,
	sent    bigint NOT NULL DEFAULT 0,
	seen_at timestamptz NOT NULL DEFAULT now()
);

-- Each change of a client takes the next version. The row lock makes versions
-- visible in order.
CREATE TABLE cluster.counter (version bigint NOT NULL);
INSERT INTO cluster.counter VALUES (0);

-- Realtime clients of all processes. Those that are gone stay for a while, so
-- that other processes notice.
CREATE TABLE cluster.clients (
	id              text PRIMARY KEY,
	process         text NOT NULL,
	address         text NOT NULL,
	topics          text[] NOT NULL,
	auth_collection text NOT NULL,
	auth_record     text NOT NULL,
	auth_key        text NOT NULL,
	gone            boolean NOT NULL,
	version         bigint NOT NULL,
	changed_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON cluster.clients (version);
CREATE INDEX ON cluster.clients (process);
CREATE INDEX ON cluster.clients (changed_at) WHERE gone;

-- Messages to clients that are connected to another process than the one that
-- writes.
CREATE TABLE cluster.messages (
	number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	receiver text NOT NULL,
	client   text NOT NULL,
	auth_key text NOT NULL,
	name     text NOT NULL,
	data     bytea NOT NULL
);
CREATE INDEX ON cluster.messages (receiver, number);

-- The last run of each cron job.
CREATE TABLE cluster.runs (
	job     text PRIMARY KEY,
	process text NOT NULL,
	minute  timestamptz NOT NULL
);

-- Notifies every process of changes, and of the process that made them.
CREATE FUNCTION cluster.tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_notify(TG_ARGV[0], current_setting('application_name'));
	RETURN NULL;
END $$;
CREATE TRIGGER cluster_tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON data._collections
	FOR EACH STATEMENT EXECUTE FUNCTION cluster.tell('cluster_collections');
CREATE TRIGGER cluster_tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON data._params
	FOR EACH STATEMENT EXECUTE FUNCTION cluster.tell('cluster_settings');
