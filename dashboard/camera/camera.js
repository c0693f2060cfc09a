// Records a few seconds with the browser's camera and hands the file to Python. The camera is asked
// for after a click alone, and let go as soon as a recording ends, however it ends.

const WANTED = {
  audio: false,
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
}
const BITS = 2_500_000 // a second: sharp at 640x480, and 5 s stay under 2 MB
const KINDS = ["video/webm;codecs=vp8", "video/webm", "video/mp4;codecs=avc1.42E01E", "video/mp4"]
const OR_UPLOAD = "or record with another program and upload the file"
const TROUBLE = {
  NotAllowedError:
    "The camera is not allowed for this page. Allow it in the browser (the sign beside the " +
    "page's address; on some systems in the system's settings too) and start again.",
  NotFoundError: `No camera was found. Connect one and start again, ${OR_UPLOAD}.`,
  NotReadableError:
    "The camera gives no picture: another program may be using it. Close that one and start again.",
}
TROUBLE.SecurityError = TROUBLE.NotAllowedError
TROUBLE.OverconstrainedError = TROUBLE.NotFoundError
TROUBLE.AbortError = TROUBLE.NotReadableError

const reason = (error) =>
  TROUBLE[error?.name] ??
  `The recording failed (${error?.name ?? "unknown"}). Start again, ${OR_UPLOAD}.`

const kind = () => KINDS.find((one) => MediaRecorder.isTypeSupported(one))

// Why nothing can be recorded here, known without asking for the camera; "" where it can.
function lacking() {
  if (!window.isSecureContext) {
    return (
      "Browsers give the camera only to pages whose address begins with https:// or is " +
      `localhost. Open this page at such an address, ${OR_UPLOAD}.`
    )
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder || !kind()) {
    return `This browser cannot record video. Take a recent one, ${OR_UPLOAD}.`
  }
  return ""
}

function element(tag, role, className) {
  const made = document.createElement(tag)
  if (role) made.setAttribute("role", role)
  if (className) made.className = className
  return made
}

function base64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader()
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1))
    reader.onerror = () => failed(reader.error)
    reader.readAsDataURL(blob)
  })
}

// Draws the recorder; `send` may be changed, `leave` lets everything go.
function build(root, seconds, most) {
  const picture = element("video")
  picture.muted = true
  picture.playsInline = true
  picture.setAttribute("aria-label", "What the camera sees")
  const button = element("button")
  button.type = "button"
  const said = element("p", "status", "said") // read out, as it changes: the countdown too
  const trouble = element("p", "alert", "trouble")
  const row = element("div", "", "row")
  row.append(button, said)
  root.append(row, trouble) // the picture comes below, so that the button stays where it is

  const self = { send: null, leave }
  let turn = 0 // whatever was begun in an earlier turn has no say any more
  let stream = null
  let recorder = null
  let clock = 0

  function show(state, label, words, wrong = "") {
    root.dataset.state = state
    picture.hidden = state !== "recording"
    button.textContent = label
    trouble.hidden = !wrong
    if (said.textContent !== words) said.textContent = words
    if (trouble.textContent !== wrong) trouble.textContent = wrong
  }

  const rest = (wrong = "") =>
    show(
      "idle",
      "Start recording",
      `${seconds} s without sound. The camera is on only while it records.`,
      wrong,
    )

  function release() {
    clearInterval(clock)
    if (recorder && recorder.state !== "inactive") recorder.stop()
    stream?.getTracks().forEach((track) => track.stop())
    picture.srcObject = null
    picture.remove()
    stream = recorder = null
  }

  function leave() {
    turn += 1
    release()
  }

  function giveUp(wrong) {
    leave()
    rest(wrong)
  }

  async function start() {
    const mine = ++turn
    show("asking", "Cancel", "Waiting for the camera: the browser may ask whether it is allowed.")
    try {
      const got = await navigator.mediaDevices.getUserMedia(WANTED)
      if (mine !== turn) return got.getTracks().forEach((track) => track.stop())
      stream = got
      picture.srcObject = stream
      root.append(picture)
      await picture.play().catch(() => {}) // from here on there is a picture
      if (mine === turn) record(mine)
    } catch (error) {
      if (mine === turn) giveUp(reason(error))
    }
  }

  function record(mine) {
    const parts = []
    const began = performance.now()
    let took = 0
    recorder = new MediaRecorder(stream, { mimeType: kind(), videoBitsPerSecond: BITS })
    const type = recorder.mimeType || kind()
    recorder.ondataavailable = (event) => parts.push(event.data)
    recorder.onerror = (event) => {
      if (mine === turn) giveUp(reason(event.error))
    }
    recorder.onstop = () => {
      took = Math.min((performance.now() - began) / 1000, seconds)
      if (mine === turn) hand(new Blob(parts, { type }), took, mine)
    }
    recorder.start()
    const tick = () => {
      const left = Math.ceil(seconds - (performance.now() - began) / 1000)
      if (root.checkVisibility?.() === false) giveUp("") // nobody is filmed behind a closed lid
      else if (left <= 0) release()
      else show("recording", "Stop", `Recording: ${left} s left`)
    }
    tick()
    clock = setInterval(tick, 100)
  }

  async function hand(blob, took, mine) {
    release() // also where the camera went away by itself
    if (!blob.size) return giveUp("Nothing was recorded. Start again and wait for the picture.")
    if (blob.size > most) {
      const size = Math.round(blob.size / 1e6)
      return giveUp(`The recording is too large to send (${size} MB). Start again and stop sooner.`)
    }
    show("sending", "Start again", "Sending the recording …")
    try {
      const content = await base64(blob)
      if (mine !== turn) return
      self.send("clip", { type: blob.type, content })
      show("sent", "Record again", `${took.toFixed(1)} s recorded and sent. The camera is off.`)
    } catch (error) {
      if (mine === turn) giveUp(reason(error))
    }
  }

  button.onclick = () => {
    if (root.dataset.state === "recording") release()
    else if (root.dataset.state === "asking") giveUp("")
    else start()
  }
  const without = lacking()
  rest(without)
  row.hidden = Boolean(without)
  return self
}

const built = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector("#camera")
  if (!root || !data) return
  if (!built.has(root)) built.set(root, build(root, data.seconds, data.most))
  const self = built.get(root)
  self.send = setTriggerValue // a rerun of the page leaves a recording alone
  return self.leave
}
