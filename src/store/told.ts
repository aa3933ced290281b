/**
 * SQL: when people were told by a row of `route_states`: when the delivery it names, or the first part of that, arrived;
 * else when an earlier one did. It is derived, so that a delivery that arrives needs no further write; retention notes it
 * before a delivery goes.
 */
export const TOLD_AT = `coalesce((SELECT finished_at FROM deliveries WHERE id = route_states.delivery_id AND state = 'delivered' AND part_of IS NULL),
  (SELECT min(finished_at) FROM deliveries WHERE part_of = route_states.delivery_id AND state = 'delivered'), route_states.delivered_at)`
