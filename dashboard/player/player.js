// A film with what each model says along it. Built from text nodes alone: nothing of the data is
// taken for HTML. A strip is a slider for the keyboard, and a click in it seeks.

const clock = (s) => `${s.toFixed(1)} s`

function at(strip, time) {
  // Windows overlap: the one whose middle is nearest to the time speaks for it.
  let best = 0
  strip.windows.forEach((w, i) => {
    const d = Math.abs((w.start + w.end) / 2 - time)
    const known = strip.windows[best]
    if (d < Math.abs((known.start + known.end) / 2 - time)) best = i
  })
  return strip.windows[best]
}

function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector("#player")
  if (!root || !data) return
  const mark = data.key
  if (root.dataset.mark === mark) return // the same film and answers: leave it playing
  root.dataset.mark = mark
  root.replaceChildren()

  const video = element("video")
  video.src = data.src
  video.controls = true
  video.muted = true
  video.loop = true
  video.playsInline = true
  video.setAttribute("aria-label", data.alt)
  root.append(video)

  const updates = []
  for (const strip of data.strips) {
    const row = element("div", `row slot-${strip.slot}`)
    row.append(element("div", "name", strip.title))
    const bar = element("div", "bar")
    bar.tabIndex = 0
    bar.setAttribute("role", "slider")
    bar.setAttribute("aria-label", `What ${strip.title} says along the clip; arrow keys seek`)
    bar.setAttribute("aria-valuemin", "0")
    bar.setAttribute("aria-valuemax", data.seconds.toFixed(1))
    strip.windows.forEach((w, i) => {
      // Each window is drawn over its middle, so that all together fill the bar.
      const before = strip.windows[i - 1]
      const after = strip.windows[i + 1]
      const middle = (x) => (x.start + x.end) / 2
      const from = before ? (middle(before) + middle(w)) / 2 : 0
      const to = after ? (middle(w) + middle(after)) / 2 : data.seconds
      const part = element("div", w.agree ? "part" : "part apart")
      part.style.left = `${(100 * from) / data.seconds}%`
      part.style.width = `${(100 * (to - from)) / data.seconds}%`
      part.style.setProperty("--sure", w.sure.toFixed(3))
      part.title = `${clock(w.start)} to ${clock(w.end)}: ${w.said}, ${Math.round(100 * w.sure)} %`
      bar.append(part)
    })
    const head = element("div", "head")
    bar.append(head)
    const said = element("div", "said")
    row.append(bar, said)
    root.append(row)

    const seek = (time) => {
      video.currentTime = Math.min(Math.max(time, 0), Math.max(data.seconds - 0.05, 0))
      update()
    }
    bar.onpointerdown = (event) => {
      const box = bar.getBoundingClientRect()
      seek((data.seconds * (event.clientX - box.left)) / box.width)
    }
    bar.onkeydown = (event) => {
      const step = { ArrowLeft: -0.5, ArrowRight: 0.5, Home: -data.seconds, End: data.seconds }[event.key]
      if (step === undefined) return
      event.preventDefault()
      seek(video.currentTime + step)
    }
    updates.push(() => {
      const time = Math.min(video.currentTime, data.seconds)
      const w = at(strip, time)
      head.style.left = `${(100 * time) / data.seconds}%`
      said.textContent = `${w.said}, ${Math.round(100 * w.sure)} %`
      bar.setAttribute("aria-valuenow", time.toFixed(1))
      bar.setAttribute("aria-valuetext", `${clock(time)}: ${w.said}, ${Math.round(100 * w.sure)} %`)
    })
  }
  function update() {
    updates.forEach((one) => one())
  }
  video.ontimeupdate = update
  update()
  let frame = 0
  const follow = () => {
    update()
    frame = video.paused ? 0 : requestAnimationFrame(follow)
  }
  video.onplay = () => {
    if (!frame) frame = requestAnimationFrame(follow)
  }
  return () => cancelAnimationFrame(frame)
}
