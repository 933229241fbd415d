# list: names, folder by folder
path "secret/*" {
  capabilities = ["list"]
}
