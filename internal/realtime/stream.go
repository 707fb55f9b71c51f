package realtime

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

const (
	// idleTimeout and maxTimeout are PocketBase's: how long a connection may have no
	// message, and how long it may last. Hooks can change both.
	idleTimeout = 5 * time.Minute
	maxTimeout  = 30 * time.Minute
	// skipActivityLog is PocketBase's key in a request's event: it logs failed
	// connections only.
	skipActivityLog = "__skipSuccessActivityLogger"
	// helloTopic is where a client hears its id.
	helloTopic = "PB_CONNECT"
)

// stream is the connection of a client.
type stream struct {
	*core.RequestEvent
	// client is as the hooks have left it, own the room's client in it.
	client subscriptions.Client
	own    *Client
	room   *Room
	cancel context.CancelFunc
	// taken is the answer on a connection that was taken over, or nil.
	taken *answer

	idleTimeout time.Duration
	expires     time.Time
	// messaged and written are when the last message was sent, and anything at all,
	// in Unix nanoseconds.
	messaged, written atomic.Int64
	// sends is held while messages are sent.
	sends sync.Mutex
	// buffer is the sender's, nil while nothing is sent.
	buffer *bytes.Buffer
}

// Connect answers GET /api/realtime in PocketBase's place. Over HTTP/1.1 it takes
// the connection over, so that an idle one keeps neither the request's buffers nor
// the stack of its middlewares. Over HTTP/2, or if somebody has hooks that stay
// around a connection, it answers when the connection ends.
func (r *Room) Connect(e *core.RequestEvent) error {
	e.Set(skipActivityLog, true)
	header := e.Response.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
	event := &core.RealtimeConnectRequestEvent{RequestEvent: e, Client: NewClient(r), IdleTimeout: idleTimeout, MaxTimeout: maxTimeout}
	event.Client.Set(apis.RealtimeClientIPKey, e.RealIP())
	ctx, cancel := context.WithCancel(context.WithoutCancel(e.Request.Context()))
	opened := &stream{room: r, cancel: cancel}
	err := r.accept(event, func() error {
		isWrapped := e.App.OnRealtimeConnectRequest().Length() > 0
		return e.App.OnRealtimeConnectRequest().Trigger(event, func(event *core.RealtimeConnectRequestEvent) error {
			return opened.open(ctx, event, isWrapped)
		})
	})
	if err != nil {
		opened.close(event.Client)
	}
	return err
}

// accept passes a connection through what the server has before the hooks.
func (r *Room) accept(event *core.RealtimeConnectRequestEvent, then func() error) error {
	for _, pass := range r.connecting {
		if err := pass(event); err != nil {
			return err
		}
	}
	return then()
}

// open registers the client and sends it its id. The connection is then served by
// a goroutine of its own or, if it cannot be taken over, until it ends.
func (s *stream) open(ctx context.Context, event *core.RealtimeConnectRequestEvent, isWrapped bool) error {
	s.client, s.own = event.Client, ClientOf(event.Client)
	if s.own == nil {
		return errors.New("a hook has replaced the realtime client")
	}
	s.own.connect(lastEvent(event.Request), s.cancel)
	s.own.push(s.greeting())
	now := time.Now()
	s.idleTimeout, s.expires = event.IdleTimeout, now.Add(event.MaxTimeout)
	s.messaged.Store(now.UnixNano())
	s.written.Store(now.UnixNano())
	if !isWrapped {
		switch isTaken, err := s.takeOver(ctx, event.RequestEvent); {
		case err != nil:
			return err
		case isTaken:
			s.room.enter(s)
			// Once the server's handler has returned: its middlewares share the request.
			context.AfterFunc(event.Request.Context(), s.serve)
			return nil
		}
	}
	if err := http.NewResponseController(event.Response).SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return event.InternalServerError("Failed to initialize the realtime connection.", err)
	}
	defer context.AfterFunc(event.Request.Context(), s.cancel)()
	event.Request = event.Request.WithContext(ctx)
	s.RequestEvent = event.RequestEvent
	s.room.enter(s)
	s.serve()
	return nil
}

// lastEvent returns the id of the event that a client had last. Browsers send the
// header only if they connect again by themselves; a script names it in the query.
func lastEvent(request *http.Request) string {
	return cmp.Or(request.Header.Get("Last-Event-ID"), request.URL.Query().Get("lastEventId"))
}

// enter makes the client known before it learns its id.
func (r *Room) enter(opened *stream) {
	r.broker.Register(opened.client)
	r.streams.add(opened)
}

// serve greets the client and waits until the connection ends.
func (s *stream) serve() {
	defer s.close(s.client)
	s.own.begin(func() { s.room.senders.add(s) })
	if s.taken != nil {
		s.taken.awaitEnd()
		return
	}
	<-s.Request.Context().Done()
}

// greeting is a client's first message.
func (s *stream) greeting() delivery {
	return delivery{
		Message: subscriptions.Message{Name: helloTopic, Data: []byte(`{"clientId":"` + s.client.Id() + `"}`)},
		id:      s.client.Id(), signIn: anySignIn,
	}
}

// sendWaiting sends what is in the client's queue. If that fails, the connection
// ends.
func (s *stream) sendWaiting(buffer *bytes.Buffer) {
	s.sends.Lock()
	defer s.sends.Unlock()
	s.buffer = buffer
	defer func() {
		s.buffer = nil
		if panicked := recover(); panicked != nil {
			s.App.Logger().Error("panic while sending a realtime message", "panic", panicked, "stack", string(debug.Stack()))
			s.cancel()
		}
	}()
	for waiting := s.own.take(); len(waiting) > 0; waiting = s.own.take() {
		for _, next := range waiting {
			if !s.send(next) {
				s.cancel()
				return
			}
		}
	}
}

// close ends the connection of a client. Nothing is left of it afterwards.
func (s *stream) close(client subscriptions.Client) {
	s.cancel()
	s.sends.Lock() // until it has failed to send more
	defer s.sends.Unlock()
	s.room.streams.remove(s)
	s.room.broker.Unregister(client.Id())
	client.Discard() // if it was not registered
	if own := ClientOf(client); own != nil {
		own.leave()
	}
}

// send sends a message, unless the sign-in that it is for has ended meanwhile, or the
// client's token has expired. It returns false if the connection has ended.
func (s *stream) send(next delivery) bool {
	if s.own.IsDiscarded() {
		return false
	}
	if next.beat {
		s.buffer.Reset()
		s.buffer.WriteString(":\n")
		if next.id != "" {
			s.writeField("id:", next.id)
		}
		s.buffer.WriteByte('\n')
		return s.flush() == nil
	}
	if !s.own.isCurrent(next.signIn) || s.own.withholds(&next.Message) {
		return true
	}
	event := &core.RealtimeMessageEvent{RequestEvent: s.RequestEvent, Client: s.client, Message: &next.Message}
	err := s.App.OnRealtimeMessageSend().Trigger(event, func(event *core.RealtimeMessageEvent) error {
		if s.own.withholds(event.Message) { // the hooks may have taken long
			return nil
		}
		return s.write(event.Message, next.id)
	})
	if err != nil {
		s.App.Logger().Debug("a realtime connection ended", "client", s.client.Id(), "error", err)
		return false
	}
	s.messaged.Store(time.Now().UnixNano())
	return true
}

// write writes a message in PocketBase's form. Without an id, the client keeps that
// of the message before.
func (s *stream) write(message *subscriptions.Message, id string) error {
	const fieldNames = len("id:\nevent:\ndata:\n\n")
	s.buffer.Reset()
	s.buffer.Grow(fieldNames + len(id) + len(message.Name) + len(message.Data))
	if id != "" {
		s.writeField("id:", id)
	}
	s.writeField("event:", message.Name)
	s.buffer.WriteString("data:")
	s.buffer.Write(message.Data)
	s.buffer.WriteString("\n\n")
	return s.flush()
}

func (s *stream) writeField(name, value string) {
	s.buffer.WriteString(name)
	s.buffer.WriteString(value)
	s.buffer.WriteByte('\n')
}

// flush hands the buffer to the connection.
func (s *stream) flush() error {
	_, err := s.Response.Write(s.buffer.Bytes())
	s.written.Store(time.Now().UnixNano())
	if err != nil {
		return err
	}
	return s.Flush()
}
