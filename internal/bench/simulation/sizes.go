package simulation

// Size is a deployment of so many users.
type Size struct {
	Name  string
	Users int
}

// Sizes are the lines of the table.
var Sizes = []Size{
	{"practice", 5}, {"large practice", 25}, {"clinic", 200}, {"hospital", 1000},
	{"large hospital", 5000}, {"several hospitals", 20_000}, {"health system", 50_000},
}

// What a user does is assumed, not measured.
const (
	// requestsPerDay is how many requests a user causes a day, of which busiestHour
	// are in the busiest hour.
	requestsPerDay = 900
	busiestHour    = 0.2
	// The shares of the kinds of requests.
	views, lists, updates, creates = 0.70, 0.20, 0.05, 0.05
	// loginsPerDay is how often a user signs in, screens how many are open at the
	// same time for each user in the busiest hour.
	loginsPerDay = 2
	screens      = 0.5
	// shiftStart is the time in which all who have a screen sign in when a shift
	// begins, in seconds.
	shiftStart = 600
	// patientsPerUser are added each year.
	patientsPerUser = 300
)

// The machine that limits are told for.
const (
	cores      = 4
	memory     = 16 << 30
	disk       = 1 << 40
	sustained  = 0.6 // of the processor and of the writer
	days       = 365
	years      = 6 // that events are kept
	logDays    = 7 // that the request log is kept
	secondsOf  = 3600
	micro      = 1e-6
	percent    = 100
	bytesPerMB = 1e6
	bytesPerGB = 1e9
)

// Load is what a size comes to.
type Load struct {
	Size
	// Requests and Writes are those of a second of the busiest hour.
	Requests, Writes float64
	Screens          int
	// SQLite and PostgreSQL are the busiest hour on this machine, on PostgreSQL
	// without the database itself.
	SQLite, PostgreSQL outcome
	// Doctor is the processor time of sending a changed doctor to all screens, and
	// Restart that of all screens connecting again, in seconds.
	Doctor, Restart float64
	// Login is the longest wait for a login when a shift begins, in seconds, and
	// Logins the share of what hashes passwords that is used then.
	Login, Logins float64
	// Memory are the bytes of a process with all screens.
	Memory float64
	// Rows and Sealed are the bytes a day of the audit trail, not sealed and sealed.
	Rows, Sealed float64
	// Kept are the bytes on the disk after the years that events are kept.
	Kept float64
}

// LoadOf simulates a size.
func LoadOf(size Size, p Parameters) Load {
	users := float64(size.Users)
	rate := users * requestsPerDay * busiestHour / secondsOf
	load := Load{Size: size, Requests: rate, Writes: rate * (updates + creates), Screens: max(1, int(users*screens))}
	load.SQLite, load.PostgreSQL = simulate(kindsOf(p, "sqlite", rate, users), cores), simulate(kindsOf(p, "postgres", rate, users), cores)
	open := float64(load.Screens)
	load.Doctor, load.Restart = open*p.Get("screen.event")*micro, open*p.Get("screen.connect")*micro
	// At most half of the cores hash passwords.
	hashing := open * p.Get("login") * micro / (cores / 2)
	load.Login, load.Logins = max(p.Get("login")*micro, hashing-shiftStart), hashing/shiftStart
	load.Memory = p.Get("process.memory")*bytesPerMB + open*p.Get("screen.memory")*1e3
	// Each request, each login, and each delivery of a write to the writer's own screen.
	events := users * (requestsPerDay*(1+updates+creates) + loginsPerDay)
	load.Rows, load.Sealed = events*p.Get("trail.row"), events*p.Get("trail.sealed")
	load.Kept = years*(days*load.Sealed+users*patientsPerUser*p.Get("patient.bytes")) + logDays*users*requestsPerDay*p.Get("log.row")
	return load
}

func kindsOf(p Parameters, engine string, rate, users float64) []kind {
	held := 0.0
	if engine == "sqlite" {
		held = 1 / p.Get("sqlite.writes")
	}
	of := func(share float64, operation string, writer, after float64) kind {
		return kind{rate: rate * share, processor: p.Get(engine+"."+operation) * micro, writer: writer, after: after}
	}
	delivered := p.Get("screen.event") * micro
	return []kind{
		of(views, "view", 0, 0), of(lists, "list", 0, 0), of(updates, "update", held, delivered), of(creates, "create", held, delivered),
		{rate: users * loginsPerDay * busiestHour / secondsOf, processor: p.Get("login") * micro},
	}
}
