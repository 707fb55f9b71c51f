package process

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestMetrics makes requests, with what must not be told in all of their parts,
// and reads what Prometheus would.
func TestMetrics(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var environment []string
			if engine == "PostgreSQL" {
				environment = append(environment, "DATABASE_URL="+testpostgres.New(t).URL)
			}
			testMetrics(t, environment)
		})
	}
}

func testMetrics(t *testing.T, environment []string) {
	server, address := serveWithMetrics(t, environment)
	ann := server.SignUp("ann")
	for range 2 {
		server.Call("", "POST", "/api/auth/login/", map[string]any{"email": ann.Email, "password": "confidential"})
	}
	server.Call("", "POST", "/api/collections/users/auth-with-password", map[string]any{"identity": ann.Email, "password": "confidential"})
	for range 3 {
		server.Must(http.StatusOK, ann.Access, "GET", "/api/patients/?search=confidential", nil)
	}
	before := scrape(t, address)
	for i := range 50 {
		for _, path := range []string{"/api/confidential%d/", "/confidential%d.html", "/api/patients/confidential%d/", "/api/collections/confidential%d/records"} {
			server.Call(ann.Access, "GET", fmt.Sprintf(path, i), nil)
		}
		server.Call("", fmt.Sprintf("CONFIDENTIAL%d", i), "/api/doctors/", nil)
	}
	after := scrape(t, address)
	if grown := series(after) - series(before); grown > 12 {
		t.Errorf("250 requests for different things have made %d series of requests", grown)
	}
	for _, want := range []struct {
		name, labels string
		value        float64
	}{
		{"carebase_http_requests_total", "method=POST,route=/api/auth/register,status=201", 1},
		{"carebase_http_requests_total", "method=POST,route=/api/auth/login,status=200", 1},
		{"carebase_http_requests_total", "method=POST,route=/api/auth/login,status=401", 2},
		{"carebase_http_requests_total", "method=GET,route=/api/patients,status=200", 3},
		{"carebase_http_requests_total", "method=GET,route=/api/patients/{id},status=404", 50},
		{"carebase_http_requests_total", "method=other,route=/api/doctors,status=401", 50},
		{"carebase_http_requests_total", "method=GET,route=/api/{path...},status=404", 50},
		{"carebase_http_requests_total", "method=GET,route=/{path...},status=404", 50},
		{"carebase_http_request_duration_seconds", "method=GET,route=/api/patients", 3},
		{"carebase_logins_refused_total", "reason=credentials", 3},
		{"carebase_logins_refused_total", "reason=throttled", 0},
		{"carebase_realtime_clients", "", 0},
		{"carebase_audit_queue_failing", "", 0},
		{"carebase_deletions", "", 0},
		{"carebase_deletion_records", "", 0},
	} {
		if got := value(after, want.name, want.labels); got != want.value {
			t.Errorf("%s{%s}: got %v, want %v", want.name, want.labels, got, want.value)
		}
	}
	for _, present := range []string{
		"carebase_audit_queue_events", "go_sql_open_connections", "go_sql_in_use_connections", "go_sql_wait_duration_seconds_total",
		"go_goroutines", "process_resident_memory_bytes", "go_build_info",
	} {
		if after[present] == nil {
			t.Errorf("there is no %s", present)
		}
	}
	_, text := get(t, address)
	for _, word := range []string{"confidential", "CONFIDENTIAL", "ann@"} {
		if strings.Contains(text, word) {
			t.Errorf("the metrics have %q", word)
		}
	}
	// Nothing else is there, and the metrics are nowhere else.
	for _, elsewhere := range []string{strings.TrimSuffix(address, "/metrics") + "/api/health", server.URL + "/metrics"} {
		if status, _ := get(t, elsewhere); status != http.StatusNotFound {
			t.Errorf("%s: got %d", elsewhere, status)
		}
	}
	testRealtimeClients(t, server, address)
}

// metricName matches the names that the alerts and Grafana's dashboard ask for.
var metricName = regexp.MustCompile(`\b(carebase|go_sql|process)_[a-z_]+`)

// TestMetricsOfTheAlertsExist looks for each metric of deploy/monitoring.
func TestMetricsOfTheAlertsExist(t *testing.T) {
	t.Parallel()
	server, address := serveWithMetrics(t, []string{"REPLICA_URL=file://" + t.TempDir()})
	server.SignUp("ann")
	families := scrape(t, address)
	testapp.Eventually(t, 30*time.Second, "the replica has begun", func() bool {
		families = scrape(t, address)
		return families["carebase_replica_lag_seconds"] != nil
	})
	for _, name := range []string{"alerts.yaml", "dashboard.json"} {
		text, err := os.ReadFile(filepath.Join(module.Root(), "deploy", "monitoring", name))
		if err != nil {
			t.Fatal(err)
		}
		wanted := metricName.FindAllString(string(text), -1)
		if len(wanted) < 5 {
			t.Errorf("%s has only the metrics %v", name, wanted)
		}
		for _, metric := range wanted {
			family := metric
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				family = strings.TrimSuffix(family, suffix)
			}
			if families[family] == nil && families[metric] == nil {
				t.Errorf("%s: there is no metric %s", name, metric)
			}
		}
	}
}

// serveWithMetrics reads from the end of the banner where the metrics are.
func serveWithMetrics(t *testing.T, environment []string) (server *process, address string) {
	t.Helper()
	return serveWithMetricsIn(t, migrated(t), environment)
}

// serveWithMetricsIn is serveWithMetrics in a directory.
func serveWithMetricsIn(t *testing.T, directory string, environment []string) (server *process, address string) {
	t.Helper()
	server = serve(t, directory, append(environment, "METRICS_ADDR=127.0.0.1:0"))
	line, err := server.output.ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "Metrics    ")
	if err != nil || !found {
		t.Fatalf("the banner does not say where the metrics are: %q, %v", line, err)
	}
	return server, address
}

// testRealtimeClients connects a client and lets it leave.
func testRealtimeClients(t *testing.T, server *process, address string) {
	clients := func() float64 { return value(scrape(t, address), "carebase_realtime_clients", "") }
	response, err := http.Get(server.URL + "/api/realtime")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := response.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if got := clients(); got != 1 {
		t.Errorf("got %v realtime clients", got)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	testapp.Eventually(t, 30*time.Second, "the client has left", func() bool { return clients() == 0 })
}

// TestMetricsAddressInUse asks for the address of another server, which has no
// metrics itself unless it is told to.
func TestMetricsAddressInUse(t *testing.T) {
	t.Parallel()
	server := serve(t, migrated(t), nil)
	if status, _ := get(t, server.URL+"/metrics"); status != http.StatusNotFound {
		t.Errorf("metrics: got %d", status)
	}
	address := strings.TrimPrefix(server.URL, "http://")
	refused(t, t.TempDir(), "METRICS_ADDR cannot be listened on: listen tcp "+address, []string{"METRICS_ADDR=" + address}, "serve")
}

func scrape(t *testing.T, address string) map[string]*dto.MetricFamily {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("got %d, %v", response.StatusCode, err)
	}
	return families
}

// series is how many of them are about requests.
func series(families map[string]*dto.MetricFamily) int {
	return len(families["carebase_http_requests_total"].GetMetric()) + len(families["carebase_http_request_duration_seconds"].GetMetric())
}

// value is that of the series with exactly these labels, of a histogram its
// count; -1 if there is none.
func value(families map[string]*dto.MetricFamily, name, labels string) float64 {
	for _, metric := range families[name].GetMetric() {
		var pairs []string
		for _, pair := range metric.GetLabel() {
			pairs = append(pairs, pair.GetName()+"="+pair.GetValue())
		}
		if strings.Join(pairs, ",") == labels {
			return metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

// TestTheInstallerFollowsTheBanner: a first start has no superuser, and PocketBase
// prints a link to create one when the server answers.
func TestTheInstallerFollowsTheBanner(t *testing.T) {
	t.Parallel()
	server, _ := serveWithMetrics(t, nil)
	for {
		line, err := server.output.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "/pbinstall/") {
			if want := server.URL + "/_/#/pbinstall/"; !strings.HasPrefix(line, want) {
				t.Errorf("the installer's link is %s, not %s", line, want)
			}
			return
		}
	}
}
