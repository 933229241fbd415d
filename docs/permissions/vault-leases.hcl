# read: credentials with a lease, whether it still lives, and to prolong it, which the policy "default" allows; and to revoke
# what is made while the store is being closed
path "database/creds/*" {
  capabilities = ["read"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/revoke" {
  capabilities = ["update"]
}
