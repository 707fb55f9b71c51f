package postgres

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/dberror"
)

// separate returns a configuration for each host of one that has several. What
// sslmode tries on the same host stays together.
func separate(config *pgconn.Config) []*pgconn.Config {
	entries := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	byAddress := map[string]*pgconn.Config{}
	var hosts []*pgconn.Config
	for _, entry := range entries {
		place := hostAddress(entry.Host, entry.Port)
		host := byAddress[place]
		if host != nil {
			host.Fallbacks = append(host.Fallbacks, entry)
			continue
		}
		host = config.Copy()
		host.Host, host.Port, host.TLSConfig, host.Fallbacks = entry.Host, entry.Port, entry.TLSConfig, nil
		byAddress[place] = host
		hosts = append(hosts, host)
	}
	return hosts
}

// address returns host:port of each host.
func address(config *pgconn.Config) string {
	var addresses []string
	for _, host := range separate(config) {
		addresses = append(addresses, hostAddress(host.Host, host.Port))
	}
	return strings.Join(addresses, ",")
}

func hostAddress(host string, port uint16) string {
	if strings.HasPrefix(host, "/") {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// firstOf connects to the first host that accepts a connection. Its error tells why
// each of them does not.
func firstOf[T any](ctx context.Context, d *Database, config *pgconn.Config, connect func(host *pgconn.Config) (T, error)) (T, error) {
	d.Survey(ctx)
	kind := "PostgreSQL"
	if config == d.pooler {
		kind = "the pooler"
	}
	var failures []error
	for _, host := range separate(config) {
		connection, err := connect(host)
		if err == nil {
			return connection, nil
		}
		failures = append(failures, explain(kind, host, err))
		if ctx.Err() != nil {
			break
		}
	}
	var none T
	if len(failures) == 1 {
		return none, failures[0]
	}
	all := errors.Join(failures...)
	return none, &Error{message: strings.ReplaceAll(all.Error(), "\n", "; "), cause: all, kind: dberror.ErrUnavailable}
}

// unsuitable is the reason why a host that answers is not used.
type unsuitable struct{ reason error }

func (u *unsuitable) Error() string { return u.reason.Error() }

// Unwrap returns the reason.
func (u *unsuitable) Unwrap() error { return u.reason }
