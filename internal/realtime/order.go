package realtime

// Order puts the changes of several processes in one order.
type Order interface {
	// Place calls add with the place of a change that was written just now, and is not
	// acknowledged yet: what begins after that has a later place. The place is 0 if
	// there is no other process. What is not added has no place.
	Place(add func(place int64) (added bool))
	// Await returns once this process's clients have in their queues what others have
	// written at earlier places.
	Await(place int64)
	// Done notes that the messages about the change at a place are in the queues of
	// clients, those of other processes included.
	Done(place int64)
}

// SetOrder sets the order of the changes, which is that of the queue without one. Call
// it before the app serves.
func (r *Room) SetOrder(order Order) { r.order = order }

// enqueue adds a change to the queue, at its place among those of all processes.
func (r *Room) enqueue(written *change) (added bool) {
	if r.order == nil {
		return r.queue.add(written)
	}
	r.order.Place(func(place int64) bool {
		written.place = place
		added = r.queue.add(written)
		return added
	})
	return added
}

// deliverInOrder delivers a change in its turn among those of all processes.
func (r *Room) deliverInOrder(written *change) {
	if written.place == 0 {
		r.deliver(written)
		return
	}
	r.survive(func() { r.order.Await(written.place) })
	r.deliver(written)
	r.survive(func() { r.order.Done(written.place) })
}
