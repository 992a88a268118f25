-- One script for every load. Its settings come from the environment:
--   METHOD, BODY, TOKEN; IDS: a file with one id a line, each used in turn (threads share them out).
-- {id} in the path is replaced by the next id; a POST gets an Idempotency-Key of its own.
local counter = 0
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  method = os.getenv("METHOD") or "GET"
  template = args[1]
  run = os.getenv("RUN") or "run"
  accepted = 0
  refused = 0
  first_refusal = ""
  ids = {}
  local file = os.getenv("IDS")
  if file then
    local line_number, of = 0, tonumber(os.getenv("THREADS") or "2")
    for line in io.lines(file) do
      if line_number % of == number then table.insert(ids, line) end
      line_number = line_number + 1
    end
  end
  headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN"), ["Content-Type"] = "application/json" }
end

function request()
  counter = counter + 1
  local path = template
  if #ids > 0 then
    path = path:gsub("{id}", ids[(counter - 1) % #ids + 1])
  end
  if method == "POST" then
    headers["Idempotency-Key"] = run .. "-" .. number .. "-" .. counter
    return wrk.format("POST", path, headers, os.getenv("BODY") or "{}")
  end
  return wrk.format(method, path, headers)
end

function response(status, _, body)
  if status >= 200 and status < 300 then
    accepted = accepted + 1
  else
    refused = refused + 1
    if first_refusal == "" then first_refusal = status .. " " .. body:sub(1, 300):gsub("[\r\n]", " ") end
  end
end

function done(summary, latency, _)
  local accepted, refused, first = 0, 0, ""
  for _, thread in ipairs(threads) do
    accepted = accepted + thread:get("accepted")
    refused = refused + thread:get("refused")
    if first == "" then first = thread:get("first_refusal") end
  end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT\t%d\t%d\t%d\t%f\t%f\t%f\t%f\t%s\n", accepted, refused, errors,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, first))
end
