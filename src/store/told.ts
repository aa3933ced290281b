/**
 * SQL: when people were told by a row of `route_states`: when the delivery it names arrived, else when an earlier one
 * did. It is derived, so that a delivery that arrives needs no further write; retention notes it before a delivery goes.
 */
export const TOLD_AT = `coalesce((SELECT finished_at FROM deliveries WHERE id = route_states.delivery_id AND state = 'delivered'),
  route_states.delivered_at)`
